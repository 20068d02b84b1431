"""What a meter does by itself: parts that make objects of a LogicalDevice live. No input or output, no clock, here.

    clock = device.install(LiveClock(device, time=time.time, time_zone=-60))

A part gives its objects values and functions when it is made, and does what is due when the device is ticked; a Server
ticks the devices that it serves, a simulation does it at any pace. Times are POSIX seconds.
"""
