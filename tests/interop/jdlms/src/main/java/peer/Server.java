package peer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import org.openmuc.jdlms.AttributeAccessMode;
import org.openmuc.jdlms.AuthenticationMechanism;
import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.CosemAttribute;
import org.openmuc.jdlms.CosemClass;
import org.openmuc.jdlms.CosemInterfaceObject;
import org.openmuc.jdlms.CosemMethod;
import org.openmuc.jdlms.CosemSnInterfaceObject;
import org.openmuc.jdlms.DlmsServer;
import org.openmuc.jdlms.IllegalAttributeAccessException;
import org.openmuc.jdlms.LogicalDevice;
import org.openmuc.jdlms.SecuritySuite;
import org.openmuc.jdlms.SecuritySuite.EncryptionMechanism;
import org.openmuc.jdlms.SecuritySuite.SecurityPolicy;
import org.openmuc.jdlms.SelectiveAccessDescription;
import org.openmuc.jdlms.datatypes.CosemDateTime;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.datatypes.DataObject.Type;
import org.openmuc.jdlms.sessionlayer.server.ServerSessionLayerFactories;
import org.openmuc.jdlms.settings.client.ReferencingMethod;

/**
 * A jDLMS server: PORT wrapper|hdlc ln|sn. It prints "ready" and serves until its standard input ends.
 *
 * Clients: 16 public, 17 LLS "12345678", 18 LLS with ciphering, 1 HLS-GMAC with ciphering; keys EK 00..0F, AK D0..DF.
 */
public final class Server {
    static final byte[] ENCRYPTION_KEY = range(0x00);
    static final byte[] AUTHENTICATION_KEY = range(0xD0);
    static final byte[] PASSWORD = "12345678".getBytes(StandardCharsets.US_ASCII);

    static byte[] range(int first) {
        byte[] octets = new byte[16];
        for (int i = 0; i < 16; i++) octets[i] = (byte) (first + i);
        return octets;
    }

    @CosemClass(id = 1)
    public static class Data extends CosemSnInterfaceObject {
        @CosemAttribute(id = 2, type = Type.OCTET_STRING, snOffset = 0x08)
        private DataObject value;

        public Data(int objectName, String logicalName, String text) {
            super(objectName, logicalName);
            value = DataObject.newOctetStringData(text.getBytes(StandardCharsets.US_ASCII));
        }

        public DataObject getValue() {
            return value;
        }

        public void setValue(DataObject newValue) throws IllegalAttributeAccessException {
            byte[] octets = newValue.getValue();
            if (octets.length > 100_000) throw new IllegalAttributeAccessException(AccessResultCode.OTHER_REASON);
            value = newValue;
        }
    }

    @CosemClass(id = 3)
    public static class Register extends CosemSnInterfaceObject {
        @CosemAttribute(id = 2, type = Type.DOUBLE_LONG_UNSIGNED, snOffset = 0x08)
        private DataObject value;

        @CosemAttribute(id = 3, type = Type.STRUCTURE, snOffset = 0x10, accessMode = AttributeAccessMode.READ_ONLY)
        private final DataObject scalerUnit =
            DataObject.newStructureData(DataObject.newInteger8Data((byte) -1), DataObject.newEnumerateData(30));

        public Register(int objectName, String logicalName, long start) {
            super(objectName, logicalName);
            value = DataObject.newUInteger32Data(start);
        }

        public DataObject getValue() {
            return value;
        }

        public void setValue(DataObject newValue) {
            value = newValue;
        }

        @CosemMethod(id = 1, consumes = Type.INTEGER, snOffset = 0x28)
        public void reset(DataObject ignored) {
            value = DataObject.newUInteger32Data(0);
        }
    }

    @CosemClass(id = 8)
    public static class Clock extends CosemSnInterfaceObject {
        @CosemAttribute(id = 2, type = Type.OCTET_STRING, snOffset = 0x08)
        private DataObject time = DataObject.newOctetStringData(stamp(0));

        public Clock(int objectName) {
            super(objectName, "0.0.1.0.0.255");
        }

        public DataObject getTime() {
            return time;
        }

        public void setTime(DataObject newTime) {
            time = newTime;
        }
    }

    @CosemClass(id = 7, version = 1)
    public static class Profile extends CosemSnInterfaceObject {
        @CosemAttribute(id = 2, type = Type.ARRAY, snOffset = 0x08, selector = {1, 2},
            accessMode = AttributeAccessMode.READ_ONLY)
        private DataObject buffer;

        @CosemAttribute(id = 3, type = Type.ARRAY, snOffset = 0x10, accessMode = AttributeAccessMode.READ_ONLY)
        private final DataObject captureObjects;

        @CosemAttribute(id = 4, type = Type.DOUBLE_LONG_UNSIGNED, snOffset = 0x18,
            accessMode = AttributeAccessMode.READ_ONLY)
        private final DataObject capturePeriod = DataObject.newUInteger32Data(900);

        @CosemAttribute(id = 5, type = Type.ENUMERATE, snOffset = 0x20, accessMode = AttributeAccessMode.READ_ONLY)
        private final DataObject sortMethod = DataObject.newEnumerateData(1);

        @CosemAttribute(id = 7, type = Type.DOUBLE_LONG_UNSIGNED, snOffset = 0x30,
            accessMode = AttributeAccessMode.READ_ONLY)
        private final DataObject entriesInUse;

        private final List<DataObject> rows = new ArrayList<>();

        public Profile(int objectName, String logicalName, int count) {
            super(objectName, logicalName);
            for (int i = 0; i < count; i++) {
                rows.add(DataObject.newStructureData(
                    DataObject.newOctetStringData(stamp(i)),
                    DataObject.newUInteger8Data((short) (i % 8 == 0 ? 4 : 0)),
                    DataObject.newUInteger32Data(1000 + 7L * i),
                    DataObject.newUInteger32Data(2000 + 3L * i)));
            }
            buffer = DataObject.newArrayData(rows);
            entriesInUse = DataObject.newUInteger32Data(count);
            captureObjects = DataObject.newArrayData(List.of(
                column(8, "0000010000FF"), column(1, "0000600A01FF"), column(3, "0100010800FF"),
                column(3, "0100020800FF")));
        }

        private static DataObject column(int classId, String logicalName) {
            byte[] octets = new byte[6];
            for (int i = 0; i < 6; i++) octets[i] = (byte) Integer.parseInt(logicalName, 2 * i, 2 * i + 2, 16);
            return DataObject.newStructureData(DataObject.newUInteger16Data(classId),
                DataObject.newOctetStringData(octets), DataObject.newInteger8Data((byte) 2),
                DataObject.newUInteger16Data(0));
        }

        /** Selector 1 is a range of the first column, both ends included; selector 2 is entries from and to. */
        public DataObject getBuffer(SelectiveAccessDescription selection) {
            if (selection == null) return buffer;
            List<DataObject> parameters = selection.getAccessParameter().getValue();
            List<DataObject> chosen = new ArrayList<>();
            if (selection.getAccessSelector() == 2) {
                long from = ((Number) parameters.get(0).getValue()).longValue();
                long to = ((Number) parameters.get(1).getValue()).longValue();
                if (to == 0 || to > rows.size()) to = rows.size();
                return DataObject.newArrayData(rows.subList((int) from - 1, (int) to));
            }
            String from = digits(parameters.get(1)), to = digits(parameters.get(2));
            for (DataObject row : rows) {
                List<DataObject> cells = row.getValue();
                String time = digits(cells.get(0));
                if (time.compareTo(from) >= 0 && time.compareTo(to) <= 0) chosen.add(row);
            }
            return DataObject.newArrayData(chosen);
        }

        /** Year to second as text that sorts; the day of week is left out. */
        private static String digits(DataObject stamp) {
            byte[] o = stamp.isCosemDateFormat()
                ? ((org.openmuc.jdlms.datatypes.CosemDateFormat) stamp.getValue()).encode() : stamp.getValue();
            return String.format("%02X%02X%02X%02X%02X%02X%02X", o[0], o[1], o[2], o[3], o[5], o[6], o[7]);
        }

        public DataObject getCaptureObjects() {
            return captureObjects;
        }

        public DataObject getCapturePeriod() {
            return capturePeriod;
        }

        public DataObject getSortMethod() {
            return sortMethod;
        }

        public DataObject getEntriesInUse() {
            return entriesInUse;
        }
    }

    /** Quarter hours from 2024-01-01 00:00, UTC. */
    static byte[] stamp(int index) {
        java.time.OffsetDateTime t =
            java.time.OffsetDateTime.of(2024, 1, 1, 0, 0, 0, 0, java.time.ZoneOffset.UTC).plusMinutes(15L * index);
        return new CosemDateTime(t.getYear(), t.getMonthValue(), t.getDayOfMonth(), t.getDayOfWeek().getValue(),
            t.getHour(), t.getMinute(), t.getSecond(), 0, 0).encode();
    }

    private static SecuritySuite suite(AuthenticationMechanism mechanism, boolean ciphered) {
        SecuritySuite.SecuritySuiteBuilder builder =
            SecuritySuite.builder().setAuthenticationMechanism(mechanism);
        if (mechanism == AuthenticationMechanism.LOW) builder.setPassword(PASSWORD);
        if (ciphered) {
            builder.setEncryptionMechanism(EncryptionMechanism.AES_GCM_128)
                .setSecurityPolicy(SecurityPolicy.AUTHENTICATED_AND_ENCRYPTED)
                .setGlobalUnicastEncryptionKey(ENCRYPTION_KEY).setAuthenticationKey(AUTHENTICATION_KEY);
        }
        return builder.build();
    }

    public static void main(String[] arguments) throws Exception {
        LogicalDevice device = new LogicalDevice(1, "ISE1234567890", "ISE", 1_234_567L);
        device.setMasterKey(ENCRYPTION_KEY);
        device.addRestriction(16, suite(AuthenticationMechanism.NONE, false));
        device.addRestriction(17, suite(AuthenticationMechanism.LOW, false));
        device.addRestriction(18, suite(AuthenticationMechanism.LOW, true));
        device.addRestriction(1, suite(AuthenticationMechanism.HLS5_GMAC, true));
        device.registerCosemObject(new CosemInterfaceObject[] {
            new Data(0x1000, "0.0.96.1.0.255", "HELLO-JDLMS"),
            new Register(0x2000, "1.0.1.8.0.255", 123456L),
            new Clock(0x3000),
            new Profile(0x4000, "1.0.99.1.0.255", 1000),
            new Profile(0x5000, "1.0.99.2.0.255", 10000),
        });
        DlmsServer server = DlmsServer.tcpServerBuilder(Integer.parseInt(arguments[0]))
            .setSessionLayerFactory("hdlc".equals(arguments[1])
                ? ServerSessionLayerFactories.newHdlcSessionLayerFactory()
                : ServerSessionLayerFactories.newWrapperSessionLayerFactory())
            .setReferencingMethod("sn".equals(arguments[2]) ? ReferencingMethod.SHORT : ReferencingMethod.LOGICAL)
            .registerLogicalDevice(device)
            .setInactivityTimeout(0)
            .build();
        System.out.println("ready");
        while (System.in.read() >= 0) { }
        server.shutdown();
        System.exit(0);
    }
}
