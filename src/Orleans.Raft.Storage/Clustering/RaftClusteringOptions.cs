using System.Net.Security;

namespace Orleans.Configuration;

/// <summary>Clustering without a database: the membership table lives in a Raft group among a few silos, the voters.</summary>
public sealed class RaftClusteringOptions
{
    /// <summary>Default of <see cref="HeartbeatInterval"/>.</summary>
    public static readonly TimeSpan DefaultHeartbeatInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Default of <see cref="ElectionTimeout"/>.</summary>
    public static readonly TimeSpan DefaultElectionTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Default of <see cref="OperationTimeout"/>.</summary>
    public static readonly TimeSpan DefaultOperationTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The silo's stable name: the same after each restart, no other silo's.</summary>
    /// <value>Default: <see cref="SiloOptions.SiloName"/>, which a voter must then set. Clients need none.</value>
    public string? SiloName { get; set; }

    /// <summary>
    /// The voters: name → <c>host:port</c>. One, three or five; the port is clustering's own, beside silo and gateway ports. The same names must be given
    /// on all silos; they count at the birth of the cluster, and are later one of the ways in which a voter is found.
    /// </summary>
    /// <value>Default: empty, which is refused.</value>
    public IDictionary<string, string> Voters { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where a voter keeps its data, in the sub-folder <c>clustering</c>: this silo's alone, and kept across restarts.</summary>
    /// <value>Default: <c>raft-data/</c> and the silo's name, as for the rest of the package.</value>
    public string? DataDirectory { get; set; }

    /// <summary>Address (and port, if it differs) to listen on, for instance <c>0.0.0.0</c> or <c>10.0.0.5:11000</c>.</summary>
    /// <value>Default: loopback if the voter's own host in <see cref="Voters"/> is loopback, else all addresses.</value>
    public string? BindAddress { get; set; }

    /// <summary>Known to all silos and clients of the cluster; who does not know it is not let in. It does not travel. Without <see cref="ServerTls"/> connections are not encrypted.</summary>
    /// <value>Default: empty, which lets in whoever knows the cluster's id.</value>
    [Redact]
    public string Secret { get; set; } = "";

    /// <summary>Time between two heartbeats of the leading voter; at least 10 ms.</summary>
    /// <value>Default: 100 ms.</value>
    public TimeSpan HeartbeatInterval { get; set; } = DefaultHeartbeatInterval;

    /// <summary>Time without a leader after which a voter asks for votes, at least; up to twice that. At least five heartbeats.</summary>
    /// <value>Default: 1 s.</value>
    public TimeSpan ElectionTimeout { get; set; } = DefaultElectionTimeout;

    /// <summary>How long an operation of the membership table looks for a majority before it fails; Orleans repeats it. The wait at the start has no limit.</summary>
    /// <value>Default: 10 s.</value>
    public TimeSpan OperationTimeout { get; set; } = DefaultOperationTimeout;

    /// <summary>Certificate and checks of a voter as a TLS server.</summary>
    /// <value>Default: none, no TLS. Set it on all voters, and <see cref="ClientTls"/> on all silos and clients, or nowhere.</value>
    public SslServerAuthenticationOptions? ServerTls { get; set; }

    /// <summary>Certificate and checks of a silo or client that connects to voters.</summary>
    /// <value>Default: none, no TLS.</value>
    public SslClientAuthenticationOptions? ClientTls { get; set; }
}
