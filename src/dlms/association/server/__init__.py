"""The server's side of associations: whom a logical device serves, how each of their requests is answered."""
