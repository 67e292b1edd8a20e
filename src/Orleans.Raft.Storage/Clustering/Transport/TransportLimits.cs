namespace Orleans.Raft.Storage.Clustering;

/// <summary>What a connection may cost.</summary>
internal static class TransportLimits
{
    /// <summary>Version of handshake and frames.</summary>
    public const int Protocol = 1;

    /// <summary>Longest message before the handshake is over.</summary>
    public const int MaxHandshakeBytes = 4096;

    /// <summary>Longest message after it: a snapshot of a table of many thousand rows.</summary>
    public const int MaxFrameBytes = 32 * 1024 * 1024;

    /// <summary>Connections that have not finished the handshake; with one more the oldest is closed.</summary>
    public const int MaxStrangers = 64;

    /// <summary>All connections; one more is closed at once.</summary>
    public const int MaxConnections = 1024;

    /// <summary>Requests of one connection that are being answered; one more is told to come back.</summary>
    public const int MaxRequestsPerConnection = 32;

    /// <summary>Frames that wait to be sent on one connection; one more is dropped.</summary>
    public const int MaxQueuedFrames = 1024;

    /// <summary>Bytes that wait to be sent on one connection; a frame that finds as many is dropped.</summary>
    public const long MaxQueuedBytes = 16 * 1024 * 1024;

    /// <summary>For the whole handshake, TLS included.</summary>
    public static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(5);

    /// <summary>For a TCP connection.</summary>
    public static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(2);

    /// <summary>The side that dialed asks as often whether the other one is there.</summary>
    public static readonly TimeSpan BeatInterval = TimeSpan.FromSeconds(1);

    /// <summary>A connection on which no whole frame has arrived for so long is closed.</summary>
    public static readonly TimeSpan SilenceTime = TimeSpan.FromSeconds(6);

    /// <summary>A write that takes longer closes the connection.</summary>
    public static readonly TimeSpan WriteTime = TimeSpan.FromSeconds(6);

    /// <summary>Wait after the first failed dialing; doubles with each.</summary>
    public static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest wait before dialing again.</summary>
    public static readonly TimeSpan MaxBackOff = TimeSpan.FromSeconds(1);
}
