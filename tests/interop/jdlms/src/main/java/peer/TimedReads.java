package peer;

import java.io.IOException;
import java.util.List;

import org.openmuc.jdlms.AttributeAddress;
import org.openmuc.jdlms.DlmsConnection;
import org.openmuc.jdlms.TcpConnectionBuilder;
import org.openmuc.jdlms.datatypes.DataObject;

/**
 * How long a jDLMS client takes to read a profile over the wrapper: PORT CLIENT SERVER OBIS ROWS WARM_UP SECONDS.
 *
 * It reads for WARM_UP seconds first, then for SECONDS, three times at least each, and prints the nanoseconds of these.
 */
public final class TimedReads {
    private static final int PROFILE_GENERIC = 7, BUFFER = 2;
    private static final int LEAST = 3;

    public static void main(String[] arguments) throws IOException {
        TcpConnectionBuilder builder = new TcpConnectionBuilder("127.0.0.1").setPort(Integer.parseInt(arguments[0]));
        builder.useWrapper().setClientId(Integer.parseInt(arguments[1]));
        builder.setLogicalDeviceId(Integer.parseInt(arguments[2])).setResponseTimeout(10_000);
        AttributeAddress buffer = new AttributeAddress(PROFILE_GENERIC, arguments[3], BUFFER);
        int rows = Integer.parseInt(arguments[4]);
        try (DlmsConnection connection = builder.build()) {
            reads(connection, buffer, rows, Double.parseDouble(arguments[5]));
            System.out.println(reads(connection, buffer, rows, Double.parseDouble(arguments[6])));
        }
    }

    private static StringBuilder reads(DlmsConnection connection, AttributeAddress buffer, int rows, double seconds)
        throws IOException {
        StringBuilder times = new StringBuilder();
        long end = System.nanoTime() + (long) (seconds * 1e9);
        for (int done = 0; done < LEAST || System.nanoTime() < end; done++) {
            long start = System.nanoTime();
            List<DataObject> read = connection.get(buffer).getResultData().getValue();
            times.append(System.nanoTime() - start).append(' ');
            if (read.size() != rows) throw new IOException(read.size() + " rows");
        }
        return times;
    }
}
