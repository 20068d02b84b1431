package peer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

import org.openmuc.jdlms.AttributeAddress;
import org.openmuc.jdlms.AuthenticationMechanism;
import org.openmuc.jdlms.DlmsConnection;
import org.openmuc.jdlms.GetResult;
import org.openmuc.jdlms.MethodParameter;
import org.openmuc.jdlms.MethodResult;
import org.openmuc.jdlms.SecuritySuite;
import org.openmuc.jdlms.SecuritySuite.EncryptionMechanism;
import org.openmuc.jdlms.SecuritySuite.SecurityPolicy;
import org.openmuc.jdlms.SelectiveAccessDescription;
import org.openmuc.jdlms.SetParameter;
import org.openmuc.jdlms.TcpConnectionBuilder;
import org.openmuc.jdlms.datatypes.BitString;
import org.openmuc.jdlms.datatypes.CosemDateFormat;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.settings.client.ReferencingMethod;

/**
 * A jDLMS client: PORT wrapper|hdlc ln|sn CLIENT none|lls|hls plain|ciphered [FIRST_COUNTER].
 *
 * One command a line on standard input, one line of answer each: the result code, then the value as jDLMS understood
 * it. Several addresses joined by "," are one request with a list.
 *
 *   get CLASS/OBIS/ATTRIBUTE[/SELECTOR/PARAMETER]
 *   set CLASS/OBIS/ATTRIBUTE=VALUE
 *   call CLASS/OBIS/METHOD=VALUE
 *
 * VALUE is what this program prints too: null, u8:5, i16:-3, os:00FF, vs:text, {a;b} for a structure, [a;b] for an array.
 */
public final class Client {
    public static void main(String[] arguments) throws Exception {
        TcpConnectionBuilder builder = new TcpConnectionBuilder("127.0.0.1").setPort(Integer.parseInt(arguments[0]));
        if ("hdlc".equals(arguments[1])) builder.useHdlc();
        else builder.useWrapper();
        builder.setReferencingMethod("sn".equals(arguments[2]) ? ReferencingMethod.SHORT : ReferencingMethod.LOGICAL);
        builder.setClientId(Integer.parseInt(arguments[3])).setLogicalDeviceId(1).setResponseTimeout(10_000);
        builder.setSystemTitle("MMM", 1);
        builder.setSecuritySuite(suite(arguments[4], "ciphered".equals(arguments[5])));
        if (arguments.length > 6) builder.setFrameCounter(Long.parseLong(arguments[6]));
        try (DlmsConnection connection = builder.build()) {
            System.out.println("ready");
            BufferedReader lines =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                System.out.println(answer(connection, line));
                System.out.flush();
            }
        }
    }

    private static SecuritySuite suite(String authentication, boolean ciphered) {
        SecuritySuite.SecuritySuiteBuilder builder = SecuritySuite.builder();
        if ("lls".equals(authentication)) {
            builder.setAuthenticationMechanism(AuthenticationMechanism.LOW).setPassword(Server.PASSWORD);
        }
        if ("hls".equals(authentication)) builder.setAuthenticationMechanism(AuthenticationMechanism.HLS5_GMAC);
        if (ciphered) {
            builder.setEncryptionMechanism(EncryptionMechanism.AES_GCM_128)
                .setSecurityPolicy(SecurityPolicy.AUTHENTICATED_AND_ENCRYPTED)
                .setGlobalUnicastEncryptionKey(Server.ENCRYPTION_KEY).setAuthenticationKey(Server.AUTHENTICATION_KEY);
        }
        return builder.build();
    }

    private static String answer(DlmsConnection connection, String line) throws Exception {
        String[] words = line.split(" ", 2);
        StringJoiner answers = new StringJoiner(" , ");
        switch (words[0]) {
            case "get": {
                List<AttributeAddress> addresses = new ArrayList<>();
                for (String word : words[1].split(",")) addresses.add(address(word));
                List<GetResult> results = addresses.size() == 1
                    ? List.of(connection.get(addresses.get(0))) : connection.get(addresses);
                for (GetResult result : results) {
                    answers.add(result.getResultCode() + " "
                        + (result.requestSuccessful() ? text(result.getResultData()) : "-"));
                }
                return answers.toString();
            }
            case "set": {
                List<SetParameter> parameters = new ArrayList<>();
                for (String word : words[1].split(",")) {
                    String[] sides = word.split("=", 2);
                    parameters.add(new SetParameter(address(sides[0]), new Reader(sides[1]).value()));
                }
                if (parameters.size() == 1) return connection.set(parameters.get(0)).toString();
                connection.set(parameters).forEach(code -> answers.add(code.toString()));
                return answers.toString();
            }
            case "call": {
                List<MethodParameter> parameters = new ArrayList<>();
                for (String word : words[1].split(",")) {
                    String[] sides = word.split("=", 2), parts = sides[0].split("/");
                    parameters.add(new MethodParameter(Integer.parseInt(parts[0]), parts[1],
                        Integer.parseInt(parts[2]), new Reader(sides[1]).value()));
                }
                List<MethodResult> results = parameters.size() == 1
                    ? List.of(connection.action(parameters.get(0))) : connection.action(parameters);
                for (MethodResult result : results) {
                    answers.add(result.getResultCode() + " "
                        + (result.getResultData() == null ? "-" : text(result.getResultData())));
                }
                return answers.toString();
            }
            default:
                throw new IllegalArgumentException(line);
        }
    }

    private static AttributeAddress address(String word) {
        String[] parts = word.split("/");
        SelectiveAccessDescription selection = parts.length < 5 ? null
            : new SelectiveAccessDescription(Integer.parseInt(parts[3]), new Reader(parts[4]).value());
        return new AttributeAddress(Integer.parseInt(parts[0]), parts[1], Integer.parseInt(parts[2]), selection);
    }

    static String text(DataObject data) {
        switch (data.getType()) {
            case NULL_DATA: return "null";
            case BOOLEAN: return "b:" + data.getValue();
            case BIT_STRING: {
                BitString bits = data.getValue();
                StringBuilder digits = new StringBuilder("bits:");
                for (int i = 0; i < bits.getNumBits(); i++) {
                    digits.append(bits.getBitString()[i / 8] >> (7 - i % 8) & 1);
                }
                return digits.toString();
            }
            case DOUBLE_LONG: return "i32:" + data.getValue();
            case DOUBLE_LONG_UNSIGNED: return "u32:" + data.getValue();
            case INTEGER: return "i8:" + data.getValue();
            case LONG_INTEGER: return "i16:" + data.getValue();
            case UNSIGNED: return "u8:" + data.getValue();
            case LONG_UNSIGNED: return "u16:" + data.getValue();
            case LONG64: return "i64:" + data.getValue();
            case LONG64_UNSIGNED: return "u64:" + Long.toUnsignedString(((Number) data.getValue()).longValue());
            case ENUMERATE: return "enum:" + data.getValue();
            case BCD: return "bcd:" + data.getValue();
            case FLOAT32: return "f32:" + data.getValue();
            case FLOAT64: return "f64:" + data.getValue();
            case OCTET_STRING: return "os:" + hex(data.getValue());
            case VISIBLE_STRING: return "vs:" + new String((byte[]) data.getValue(), StandardCharsets.US_ASCII);
            case UTF8_STRING: return "utf8:" + new String((byte[]) data.getValue(), StandardCharsets.UTF_8);
            case DATE_TIME: return "dt:" + hex(((CosemDateFormat) data.getValue()).encode());
            case DATE: return "date:" + hex(((CosemDateFormat) data.getValue()).encode());
            case TIME: return "time:" + hex(((CosemDateFormat) data.getValue()).encode());
            case ARRAY: return members(data, "[", "]");
            case STRUCTURE: return members(data, "{", "}");
            default: return data.getType().toString();
        }
    }

    private static String members(DataObject data, String open, String close) {
        StringJoiner joined = new StringJoiner(";", open, close);
        List<DataObject> list = data.getValue();
        list.forEach(member -> joined.add(text(member)));
        return joined.toString();
    }

    private static String hex(byte[] octets) {
        StringBuilder digits = new StringBuilder();
        for (byte octet : octets) digits.append(String.format("%02X", octet));
        return digits.toString();
    }

    /** Reads the notation that `text` writes. */
    private static final class Reader {
        private final String text;
        private int at;

        Reader(String text) {
            this.text = text;
        }

        DataObject value() {
            if (text.charAt(at) == '[') return DataObject.newArrayData(members(']'));
            if (text.charAt(at) == '{') return DataObject.newStructureData(members('}'));
            int end = at;
            while (end < text.length() && ";]}".indexOf(text.charAt(end)) < 0) end++;
            String[] sides = text.substring(at, end).split(":", 2);
            at = end;
            switch (sides[0]) {
                case "null": return DataObject.newNullData();
                case "b": return DataObject.newBoolData(Boolean.parseBoolean(sides[1]));
                case "i8": return DataObject.newInteger8Data(Byte.parseByte(sides[1]));
                case "i16": return DataObject.newInteger16Data(Short.parseShort(sides[1]));
                case "i32": return DataObject.newInteger32Data(Integer.parseInt(sides[1]));
                case "i64": return DataObject.newInteger64Data(Long.parseLong(sides[1]));
                case "u8": return DataObject.newUInteger8Data(Short.parseShort(sides[1]));
                case "u16": return DataObject.newUInteger16Data(Integer.parseInt(sides[1]));
                case "u32": return DataObject.newUInteger32Data(Long.parseLong(sides[1]));
                case "enum": return DataObject.newEnumerateData(Integer.parseInt(sides[1]));
                case "os": return DataObject.newOctetStringData(octets(sides[1]));
                case "vs": return DataObject.newVisibleStringData(sides[1].getBytes(StandardCharsets.US_ASCII));
                default: throw new IllegalArgumentException(text.substring(0, end));
            }
        }

        private List<DataObject> members(char close) {
            List<DataObject> list = new ArrayList<>();
            at++;
            while (text.charAt(at) != close) {
                list.add(value());
                if (text.charAt(at) == ';') at++;
            }
            at++;
            return list;
        }

        private static byte[] octets(String hex) {
            byte[] octets = new byte[hex.length() / 2];
            for (int i = 0; i < octets.length; i++) octets[i] = (byte) Integer.parseInt(hex, 2 * i, 2 * i + 2, 16);
            return octets;
        }
    }
}
