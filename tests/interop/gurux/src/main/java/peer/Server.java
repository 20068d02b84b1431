package peer;

import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Calendar;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import java.util.TimeZone;

import gurux.dlms.GXDLMSConnectionEventArgs;
import gurux.dlms.GXDateTime;
import gurux.dlms.GXServerReply;
import gurux.dlms.ValueEventArgs;
import gurux.dlms.enums.AccessMode;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.Conformance;
import gurux.dlms.enums.DataType;
import gurux.dlms.enums.ErrorCode;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.MethodAccessMode;
import gurux.dlms.enums.ObjectType;
import gurux.dlms.enums.SourceDiagnostic;
import gurux.dlms.objects.GXDLMSAssociationLogicalName;
import gurux.dlms.objects.GXDLMSAssociationShortName;
import gurux.dlms.objects.GXDLMSClock;
import gurux.dlms.objects.GXDLMSData;
import gurux.dlms.objects.GXDLMSHdlcSetup;
import gurux.dlms.objects.GXDLMSImageTransfer;
import gurux.dlms.objects.GXDLMSObject;
import gurux.dlms.objects.GXDLMSProfileGeneric;
import gurux.dlms.objects.GXDLMSRegister;
import gurux.dlms.objects.GXDLMSSecuritySetup;
import gurux.dlms.objects.GXDLMSTcpUdpSetup;
import gurux.dlms.objects.enums.ApplicationContextName;
import gurux.dlms.objects.enums.ImageTransferStatus;
import gurux.dlms.objects.enums.SortMethod;
import gurux.dlms.secure.GXDLMSSecureServer2;

/**
 * A Gurux server: PORT wrapper|hdlc|udp ln|sn MAX_PDU WINDOW. It prints "ready" and serves until its standard input ends.
 *
 * The mechanism is by client. Plain: 16 none, 17 LLS, 2 HLS (2), 3 MD5, 4 SHA-1, 6 SHA-256. Ciphered: 32 none, 33 LLS,
 * 34 HLS (2), 35 MD5, 36 SHA-1, 1 GMAC, 38 SHA-256. Secret "Gurux", keys EK 00..0F, AK D0..DF, KEK 50..5F, server title
 * 4752580000000001.
 *
 * Images are taken by the Image transfer object 0.0.44.0.0.255, in blocks of 100 octets, over all connections of the
 * process. Their verification and activation take until the status has been read twice. New keys hold in the process,
 * too.
 */
public final class Server extends GXDLMSSecureServer2 {
    static final byte[] SECRET = "Gurux".getBytes(StandardCharsets.US_ASCII);
    /** Client, mechanism, and 1 where the application context is a ciphered one. */
    static final int[][] CLIENTS = {{16, 0, 0}, {17, 1, 0}, {2, 2, 0}, {3, 3, 0}, {4, 4, 0}, {6, 6, 0}, {32, 0, 1},
        {33, 1, 1}, {34, 2, 1}, {35, 3, 1}, {36, 4, 1}, {1, 5, 1}, {38, 6, 1}};

    static final GXDLMSImageTransfer IMAGE = new GXDLMSImageTransfer("0.0.44.0.0.255");
    static int readingsLeft;
    static byte[] guek = range(0x00), gak = range(0xD0), kek = range(0x50);

    private static byte[] range(int first) {
        byte[] octets = new byte[16];
        for (int i = 0; i < 16; i++) octets[i] = (byte) (first + i);
        return octets;
    }

    private Server(GXDLMSAssociationLogicalName association, GXDLMSHdlcSetup hdlc) {
        super(association, hdlc);
    }

    private Server(GXDLMSAssociationLogicalName association, GXDLMSTcpUdpSetup wrapper) {
        super(association, wrapper);
    }

    private Server(GXDLMSAssociationShortName association, GXDLMSHdlcSetup hdlc) {
        super(association, hdlc);
    }

    private Server(GXDLMSAssociationShortName association, GXDLMSTcpUdpSetup wrapper) {
        super(association, wrapper);
    }

    static Server create(String link, String referencing, int maxPdu, int window) {
        GXDLMSHdlcSetup hdlc = new GXDLMSHdlcSetup();
        hdlc.setWindowSizeTransmit(window);
        hdlc.setWindowSizeReceive(window);
        hdlc.setMaximumInfoLengthTransmit(128);
        hdlc.setMaximumInfoLengthReceive(128);
        hdlc.setDeviceAddress(1);
        GXDLMSTcpUdpSetup wrapper = new GXDLMSTcpUdpSetup();
        boolean ln = "ln".equals(referencing);
        GXDLMSAssociationLogicalName first = new GXDLMSAssociationLogicalName("0.0.40.0.0.255");
        GXDLMSAssociationShortName shortNames = new GXDLMSAssociationShortName();
        shortNames.setSecret(SECRET);
        Server server = "hdlc".equals(link) ? (ln ? new Server(first, hdlc) : new Server(shortNames, hdlc))
            : (ln ? new Server(first, wrapper) : new Server(shortNames, wrapper));
        server.setMaxReceivePDUSize(maxPdu);
        server.getCiphering().setSystemTitle(new byte[] {0x47, 0x52, 0x58, 0, 0, 0, 0, 1});
        server.getCiphering().setBlockCipherKey(guek);
        server.getCiphering().setAuthenticationKey(gak);
        Set<Conformance> conformance = new HashSet<>(EnumSet.allOf(Conformance.class));
        conformance.removeAll(EnumSet.of(Conformance.NONE, Conformance.RESERVED_ZERO, Conformance.RESERVED_SEVEN));
        server.setConformance(conformance);
        GXDLMSSecuritySetup security = new GXDLMSSecuritySetup("0.0.43.0.0.255");
        security.setServerSystemTitle(server.getCiphering().getSystemTitle());
        security.setGuek(guek);
        security.setGak(gak);
        security.setKek(kek);
        server.setKek(kek);
        server.getItems().add(security);
        IMAGE.setImageBlockSize(100);
        server.getItems().add(IMAGE);
        GXDLMSData name = new GXDLMSData("0.0.42.0.0.255");
        name.setValue("GRX0000000000001".getBytes(StandardCharsets.US_ASCII));
        name.setDataType(2, DataType.OCTET_STRING);
        server.getItems().add(name);
        GXDLMSData text = new GXDLMSData("0.0.96.1.0.255");
        text.setValue("HELLO-GURUX".getBytes(StandardCharsets.US_ASCII));
        text.setDataType(2, DataType.OCTET_STRING);
        server.getItems().add(text);
        GXDLMSRegister register = new GXDLMSRegister("1.0.1.8.0.255");
        register.setValue(123456L);
        register.setDataType(2, DataType.UINT32);
        server.getItems().add(register);
        GXDLMSClock clock = new GXDLMSClock();
        clock.setTime(stamp(0));
        server.getItems().add(clock);
        GXDLMSProfileGeneric profile = new GXDLMSProfileGeneric("1.0.99.1.0.255");
        profile.setCapturePeriod(900);
        profile.setSortMethod(SortMethod.FIFO);
        profile.setSortObject(clock);
        profile.addCaptureObject(clock, 2, 0);
        profile.addCaptureObject(register, 2, 0);
        for (int i = 0; i < 1000; i++) profile.addRow(new Object[] {stamp(i), 1000L + 7L * i});
        profile.setProfileEntries(1000);
        profile.setEntriesInUse(1000);
        server.getItems().add(profile);
        if (ln) {
            server.getItems().add(first);
            boolean configured = false;
            for (int[] client : CLIENTS) {
                GXDLMSAssociationLogicalName association =
                    configured ? new GXDLMSAssociationLogicalName("0.0.40.0." + client[0] + ".255") : first;
                configured = true;
                association.setClientSAP(client[0]);
                association.setServerSAP((short) 1);
                association.setSecret(SECRET);
                association.getAuthenticationMechanismName().setMechanismId(Authentication.forValue(client[1]));
                if (client[2] == 1) {
                    association.getApplicationContextName()
                        .setContextId(ApplicationContextName.LOGICAL_NAME_WITH_CIPHERING);
                }
                association.setSecuritySetupReference("0.0.43.0.0.255");
                association.getXDLMSContextInfo().setMaxReceivePduSize(maxPdu);
                association.getXDLMSContextInfo().setMaxSendPduSize(maxPdu);
                association.getXDLMSContextInfo().setConformance(conformance);
                association.getObjectList().addAll(server.getItems());
                if (association != first) server.getItems().add(association);
            }
        } else {
            server.getItems().add(shortNames);
            shortNames.getObjectList().addAll(server.getItems());
        }
        server.initialize();
        return server;
    }

    private static GXDateTime stamp(int index) {
        Calendar calendar = Calendar.getInstance(TimeZone.getTimeZone("UTC"));
        calendar.clear();
        calendar.set(2024, Calendar.JANUARY, 1, 0, 0, 0);
        calendar.add(Calendar.MINUTE, 15 * index);
        return new GXDateTime(calendar);
    }

    @Override
    protected boolean isTarget(int serverAddress, int clientAddress) {
        if (!getUseLogicalNameReferencing()) return true;
        for (GXDLMSObject item : getItems().getObjects(ObjectType.ASSOCIATION_LOGICAL_NAME)) {
            GXDLMSAssociationLogicalName association = (GXDLMSAssociationLogicalName) item;
            if (association.getClientSAP() == clientAddress) {
                setAssignedAssociation(association);
                return true;
            }
        }
        return false;
    }

    @Override
    protected SourceDiagnostic onValidateAuthentication(Authentication authentication, byte[] password) {
        if (authentication == Authentication.LOW && !Arrays.equals(SECRET, password)) {
            return SourceDiagnostic.AUTHENTICATION_FAILURE;
        }
        return SourceDiagnostic.NONE;
    }

    @Override
    protected GXDLMSObject onFindObject(ObjectType type, int shortName, String logicalName) {
        return null;
    }

    @Override
    protected AccessMode onGetAttributeAccess(ValueEventArgs arguments) {
        return AccessMode.READ_WRITE;
    }

    @Override
    protected MethodAccessMode onGetMethodAccess(ValueEventArgs arguments) {
        return MethodAccessMode.ACCESS;
    }

    @Override
    public void onPreGet(ValueEventArgs[] arguments) {}

    @Override
    public void onPostGet(ValueEventArgs[] arguments) {}

    @Override
    public void onPreRead(ValueEventArgs[] arguments) {
        for (ValueEventArgs event : arguments) {
            if (event.getTarget() != IMAGE || event.getIndex() != 6 || readingsLeft == 0 || --readingsLeft != 0) continue;
            boolean verified = IMAGE.getImageTransferStatus() == ImageTransferStatus.IMAGE_VERIFICATION_INITIATED;
            IMAGE.setImageTransferStatus(verified ? ImageTransferStatus.IMAGE_VERIFICATION_SUCCESSFUL
                : ImageTransferStatus.IMAGE_ACTIVATION_SUCCESSFUL);
        }
    }

    @Override
    public void onPostRead(ValueEventArgs[] arguments) {}

    @Override
    protected void onPreWrite(ValueEventArgs[] arguments) {}

    @Override
    protected void onPostWrite(ValueEventArgs[] arguments) {}

    @Override
    protected void onPreAction(ValueEventArgs[] arguments) {
        for (ValueEventArgs event : arguments) {
            if (event.getTarget() instanceof GXDLMSData) {
                event.setValue(event.getParameters());
                event.setHandled(true);
            }
            if (event.getTarget() != IMAGE || event.getIndex() < 3) continue;
            IMAGE.setImageTransferStatus(event.getIndex() == 3 ? ImageTransferStatus.IMAGE_VERIFICATION_INITIATED
                : ImageTransferStatus.IMAGE_ACTIVATION_INITIATED);
            readingsLeft = 2;
            event.setError(ErrorCode.TEMPORARY_FAILURE);
            event.setHandled(true);
        }
    }

    @Override
    protected void onPostAction(ValueEventArgs[] arguments) {
        for (ValueEventArgs event : arguments) {
            if (!(event.getTarget() instanceof GXDLMSSecuritySetup) || event.getIndex() != 2) continue;
            GXDLMSSecuritySetup setup = (GXDLMSSecuritySetup) event.getTarget();
            guek = setup.getGuek();
            gak = setup.getGak();
            kek = setup.getKek();
        }
    }

    @Override
    protected void onConnected(GXDLMSConnectionEventArgs arguments) {}

    @Override
    protected void onInvalidConnection(GXDLMSConnectionEventArgs arguments) {}

    @Override
    protected void onDisconnected(GXDLMSConnectionEventArgs arguments) {}

    private static byte[] answer(Server server, byte[] octets) throws Exception {
        GXServerReply reply = new GXServerReply(octets);
        java.io.ByteArrayOutputStream answers = new java.io.ByteArrayOutputStream();
        do {
            server.handleRequest(reply);
            if (reply.getReply() != null) answers.write(reply.getReply());
            reply.setData(null);
        } while (reply.isStreaming());
        return answers.toByteArray();
    }

    private static void serve(Socket socket, Server server) {
        try (socket) {
            InputStream input = socket.getInputStream();
            byte[] buffer = new byte[65536];
            server.reset();
            for (int count = input.read(buffer); count >= 0; count = input.read(buffer)) {
                byte[] octets = answer(server, Arrays.copyOf(buffer, count));
                if (octets.length != 0) socket.getOutputStream().write(octets);
            }
        } catch (Exception error) {
            error.printStackTrace();
        }
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]), maxPdu = Integer.parseInt(arguments[3]);
        int window = Integer.parseInt(arguments[4]);
        Thread service;
        if ("udp".equals(arguments[1])) {
            DatagramSocket socket = new DatagramSocket(port, InetAddress.getLoopbackAddress());
            Server server = create("wrapper", arguments[2], maxPdu, window);
            service = new Thread(() -> {
                byte[] buffer = new byte[65536];
                while (true) {
                    try {
                        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                        socket.receive(packet);
                        byte[] octets = answer(server, Arrays.copyOf(buffer, packet.getLength()));
                        if (octets.length != 0) {
                            socket.send(new DatagramPacket(octets, octets.length, packet.getSocketAddress()));
                        }
                    } catch (Exception error) {
                        error.printStackTrace();
                    }
                }
            });
        } else {
            ServerSocket listener = new ServerSocket(port, 16, InetAddress.getLoopbackAddress());
            service = new Thread(() -> {
                while (true) {
                    try {
                        Socket socket = listener.accept();
                        Server server = create(arguments[1], arguments[2], maxPdu, window);
                        Thread session = new Thread(() -> serve(socket, server));
                        session.setDaemon(true);
                        session.start();
                    } catch (Exception error) {
                        error.printStackTrace();
                    }
                }
            });
        }
        service.setDaemon(true);
        service.start();
        System.out.println("ready");
        while (System.in.read() >= 0) { }
        System.exit(0);
    }
}
