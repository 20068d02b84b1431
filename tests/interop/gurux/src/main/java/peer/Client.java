package peer;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.AbstractMap.SimpleEntry;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.Set;

import gurux.dlms.GXByteBuffer;
import gurux.dlms.GXDLMSClient;
import gurux.dlms.GXDLMSException;
import gurux.dlms.GXReplyData;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.Conformance;
import gurux.dlms.enums.DataType;
import gurux.dlms.enums.ErrorCode;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.ObjectType;
import gurux.dlms.enums.RequestTypes;
import gurux.dlms.enums.Security;
import gurux.dlms.internal.GXCommon;
import gurux.dlms.objects.GXDLMSData;
import gurux.dlms.objects.GXDLMSObject;
import gurux.dlms.objects.GXDLMSProfileGeneric;
import gurux.dlms.secure.GXDLMSSecureClient;

/**
 * A Gurux client: PORT NAME=VALUE...
 *
 * Names: link (wrapper, hdlc), names (ln, sn), client, authentication (none, lls, hls-2, hls-md5, hls-sha1, hls-gmac,
 * hls-sha256), password, title, encryption_key, authentication_key, dedicated_key (hex), security (none, authenticated,
 * encrypted, authenticated+encrypted), general (yes: general-glo- and general-ded-ciphering), counter, pdu, blocks
 * (general: general-block-transfer instead of the services' own blocks), block_window, hdlc_window, hdlc_size.
 *
 * It prints "ready" once the association stands. Then one command a line on standard input, one line of answer each:
 * the octets of the Data in hex as they came, or the name of the error.
 *
 *   get CLASS/OBIS:ATTRIBUTE             with short names OBIS is found in the object list
 *   list CLASS/OBIS:ATTRIBUTE ...        one request with a list: the values as Gurux understood them
 *   set CLASS/OBIS:ATTRIBUTE DATA
 *   call CLASS/OBIS:METHOD DATA
 *   entries OBIS FROM COUNT              the rows of a profile
 *   range OBIS FROM TO                   seconds of the epoch
 *   walk                                 with logical names: CLASS/OBIS:ATTRIBUTE=DATA of everything in the object list
 */
public final class Client {
    private static final Map<String, Authentication> MECHANISMS = Map.of("none", Authentication.NONE, "lls",
        Authentication.LOW, "hls-2", Authentication.HIGH, "hls-md5", Authentication.HIGH_MD5, "hls-sha1",
        Authentication.HIGH_SHA1, "hls-gmac", Authentication.HIGH_GMAC, "hls-sha256", Authentication.HIGH_SHA256);
    private static final Map<String, Security> POLICIES = Map.of("none", Security.NONE, "authenticated",
        Security.AUTHENTICATION, "encrypted", Security.ENCRYPTION, "authenticated+encrypted",
        Security.AUTHENTICATION_ENCRYPTION);

    private final GXDLMSSecureClient client;
    private final Socket socket;
    private final boolean general;
    private final GXByteBuffer received = new GXByteBuffer();
    private final Map<String, Integer> baseNames = new HashMap<>();

    private Client(int port, Map<String, String> options) throws Exception {
        boolean hdlc = "hdlc".equals(options.get("link")), ln = !"sn".equals(options.get("names"));
        client = new GXDLMSSecureClient(ln, Integer.parseInt(options.getOrDefault("client", "16")), 1,
            MECHANISMS.get(options.getOrDefault("authentication", "none")), options.get("password"),
            hdlc ? InterfaceType.HDLC : InterfaceType.WRAPPER);
        if (options.containsKey("title")) client.getCiphering().setSystemTitle(octets(options.get("title")));
        if (options.containsKey("encryption_key")) {
            client.getCiphering().setBlockCipherKey(octets(options.get("encryption_key")));
            client.getCiphering().setAuthenticationKey(octets(options.get("authentication_key")));
            client.getCiphering().setInvocationCounter(Long.parseLong(options.getOrDefault("counter", "1")));
        }
        Security security = POLICIES.get(options.getOrDefault("security", "none"));
        client.getCiphering().setSecurity(security);
        client.setUseProtectedRelease(security != Security.NONE);
        if (options.containsKey("dedicated_key")) {
            client.getCiphering().setDedicatedKey(octets(options.get("dedicated_key")));
        }
        client.setMaxReceivePDUSize(Integer.parseInt(options.getOrDefault("pdu", "65535")));
        Set<Conformance> proposed = new HashSet<>(client.getProposedConformance());
        if ("yes".equals(options.get("general"))) proposed.add(Conformance.GENERAL_PROTECTION);
        else proposed.remove(Conformance.GENERAL_PROTECTION);
        general = "general".equals(options.get("blocks"));
        if (general) {
            proposed.removeAll(EnumSet.of(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ,
                Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE, Conformance.BLOCK_TRANSFER_WITH_ACTION));
            proposed.add(Conformance.GENERAL_BLOCK_TRANSFER);
        } else {
            proposed.remove(Conformance.GENERAL_BLOCK_TRANSFER);
        }
        client.setProposedConformance(proposed);
        client.setGbtWindowSize(Byte.parseByte(options.getOrDefault("block_window", "1")));
        int window = Integer.parseInt(options.getOrDefault("hdlc_window", "1"));
        client.getHdlcSettings().setWindowSizeTX(window);
        client.getHdlcSettings().setWindowSizeRX(window);
        int size = Integer.parseInt(options.getOrDefault("hdlc_size", "128"));
        client.getHdlcSettings().setMaxInfoTX(size);
        client.getHdlcSettings().setMaxInfoRX(size);
        socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(10_000);
    }

    private void open() throws Exception {
        byte[] snrm = client.snrmRequest();
        if (snrm != null && snrm.length != 0) client.parseUAResponse(exchange(new byte[][] {snrm}).getData());
        client.parseAareResponse(exchange(client.aarqRequest()).getData());
        if (client.getIsAuthenticationRequired()) {
            client.parseApplicationAssociationResponse(exchange(client.getApplicationAssociationRequest()).getData());
        }
    }

    private void close() throws Exception {
        // With short names its protected release is no APDU (62, a length, ciphered octets): it leaves without.
        boolean ln = client.getUseLogicalNameReferencing();
        byte[][] release = ln || !client.getUseProtectedRelease() ? client.releaseRequest() : null;
        if (release != null && release.length != 0) exchange(release);
        byte[] disconnect = client.disconnectRequest(true);
        if (client.getInterfaceType() == InterfaceType.HDLC) exchange(new byte[][] {disconnect});
        socket.close();
    }

    /** The reply to a request in one or more frames, all its blocks fetched. */
    private GXReplyData exchange(byte[][] frames) throws Exception {
        GXReplyData reply = new GXReplyData();
        for (int i = 0; i < frames.length; i++) {
            reply.clear();
            packet(frames[i], reply);
            // A general block that only confirms leaves the turn to the next block of the request, if there is one.
            if (general && i + 1 < frames.length) continue;
            while (reply.isMoreData()) packet(reply.isStreaming() ? null : client.receiverReady(reply), reply);
        }
        return reply;
    }

    /** With short names Gurux protects every request with one invocation counter: here it rises, as the book wants. */
    private void countShortNames() {
        if (!client.getUseLogicalNameReferencing()) {
            client.getCiphering().setInvocationCounter(client.getCiphering().getInvocationCounter() + 1);
        }
    }

    private void packet(byte[] frame, GXReplyData reply) throws Exception {
        if (frame != null) socket.getOutputStream().write(frame);
        GXReplyData notification = new GXReplyData();
        byte[] chunk = new byte[65536];
        while (!client.getData(received, reply, notification)) {
            int count = socket.getInputStream().read(chunk);
            if (count < 0) throw new EOFException();
            received.set(chunk, 0, count);
        }
        received.trim();
        countShortNames();
        if (reply.getError() != 0) throw new GXDLMSException(reply.getError());
    }

    // ---- commands -------------------------------------------------------------------------------------------------

    private String answer(String line) throws Exception {
        String[] words = line.split(" ");
        try {
            switch (words[0]) {
                case "get":
                    return hex(read(new Address(words[1])));
                case "list":
                    return list(words);
                case "set": {
                    Address at = new Address(words[1]);
                    byte[] data = octets(words[2]);
                    exchange(client.write(name(at), value(data), type(data), at.type(), at.number));
                    return "OK";
                }
                case "call": {
                    Address at = new Address(words[1]);
                    byte[] data = octets(words[2]);
                    return hex(exchange(client.method(name(at), at.type(), at.number, value(data), type(data))));
                }
                case "entries":
                    return hex(exchange(client.readRowsByEntry(profile(words[1]), Integer.parseInt(words[2]),
                        Integer.parseInt(words[3]))));
                case "range":
                    return hex(exchange(client.readRowsByRange(profile(words[1]),
                        new java.util.Date(1000 * Long.parseLong(words[2])),
                        new java.util.Date(1000 * Long.parseLong(words[3])))));
                case "walk":
                    return walk();
                default:
                    throw new IllegalArgumentException(line);
            }
        } catch (GXDLMSException error) {
            return ErrorCode.forValue(error.getErrorCode()).toString();
        }
    }

    private GXReplyData read(Address at) throws Exception {
        return exchange(client.read(name(at), at.type(), at.number));
    }

    private String list(String[] words) throws Exception {
        List<Entry<GXDLMSObject, Integer>> wanted = new ArrayList<>();
        for (int i = 1; i < words.length; i++) {
            Address at = new Address(words[i]);
            GXDLMSObject object = GXDLMSClient.createObject(at.type());
            object.setLogicalName(at.obis);
            if (!client.getUseLogicalNameReferencing()) object.setShortName(baseName(at));
            wanted.add(new SimpleEntry<>(object, at.number));
        }
        List<Object> values = new ArrayList<>();
        for (byte[] frame : client.readList(wanted)) {
            GXReplyData reply = exchange(new byte[][] {frame});
            if (reply.getValue() instanceof List) values.addAll((List<?>) reply.getValue());
            else values.add(reply.getValue());
        }
        List<String> texts = new ArrayList<>();
        for (Object value : values) texts.add(value instanceof byte[] ? GXCommon.toHex((byte[]) value, false) : "" + value);
        return String.join(" ", texts);
    }

    /** Every attribute of every object: the list is taken apart as plain values, for Gurux leaves out unknown classes. */
    private String walk() throws Exception {
        List<String> found = new ArrayList<>();
        for (Object each : objects()) {
            List<?> element = (List<?>) each, rights = (List<?>) element.get(3);
            for (Object access : (List<?>) rights.get(0)) {
                String address = element.get(0) + "/" + GXCommon.toLogicalName(element.get(2)) + ":" + ((List<?>) access).get(0);
                found.add(address + "=" + answer("get " + address));
            }
        }
        return String.join(" ", found);
    }

    private List<?> objects() throws Exception {
        GXByteBuffer data = exchange(client.getObjectsRequest()).getData();
        data.position(0);
        return (List<?>) GXDLMSClient.getValue(data);
    }

    private Object name(Address at) throws Exception {
        return client.getUseLogicalNameReferencing() ? at.obis : (Object) baseName(at);
    }

    private int baseName(Address at) throws Exception {
        if (baseNames.isEmpty()) {
            for (Object each : objects()) {
                List<?> element = (List<?>) each;
                baseNames.put(GXCommon.toLogicalName(element.get(3)), ((Number) element.get(0)).intValue() & 0xFFFF);
            }
        }
        Integer found = baseNames.get(at.obis);
        if (found == null) throw new GXDLMSException(ErrorCode.UNDEFINED_OBJECT.getValue());
        return found;
    }

    /** A profile that has a clock and a value for columns. */
    private GXDLMSProfileGeneric profile(String obis) throws Exception {
        GXDLMSProfileGeneric profile = new GXDLMSProfileGeneric(obis);
        if (!client.getUseLogicalNameReferencing()) profile.setShortName(baseName(new Address("7/" + obis + ":2")));
        profile.addCaptureObject(new gurux.dlms.objects.GXDLMSClock(), 2, 0);
        profile.addCaptureObject(new GXDLMSData("0.0.96.1.0.255"), 2, 0);
        return profile;
    }

    // ---- words ----------------------------------------------------------------------------------------------------

    private static final class Address {
        final int classId, number;
        final String obis;

        Address(String word) {
            String[] parts = word.split("[/:]");
            classId = Integer.parseInt(parts[0]);
            obis = parts[1];
            number = Integer.parseInt(parts[2]);
        }

        /** Gurux has a name for fewer classes than there are: the number of one that no request uses is borrowed. */
        ObjectType type() throws ReflectiveOperationException {
            ObjectType known = ObjectType.forValue(classId);
            if (known != null) return known;
            Field number = ObjectType.class.getDeclaredField("intValue");
            number.setAccessible(true);
            number.setInt(ObjectType.NONE, classId);
            return ObjectType.NONE;
        }
    }

    private static DataType type(byte[] data) {
        return DataType.forValue(data[0] & 0xFF);
    }

    private static Object value(byte[] data) {
        DataType type = type(data);
        if (type == DataType.ARRAY || type == DataType.STRUCTURE) return data;
        return GXDLMSClient.getValue(new GXByteBuffer(data));
    }

    private static byte[] octets(String hex) {
        return GXCommon.hexToBytes(hex);
    }

    private static String hex(GXReplyData reply) {
        GXByteBuffer data = reply.getData();
        return data.size() == 0 ? "-" : GXCommon.toHex(data.getData(), false, 0, data.size());
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (int i = 1; i < arguments.length; i++) {
            String[] sides = arguments[i].split("=", 2);
            options.put(sides[0], sides[1]);
        }
        Client session = new Client(Integer.parseInt(arguments[0]), options);
        session.open();
        System.out.println("ready");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(session.answer(line));
            System.out.flush();
        }
        session.close();
    }
}
