using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Orleans.Configuration;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Options → settings.</summary>
internal static class ClusteringSettings
{
    // A tick is half a heartbeat interval, so that elections are spread in steps finer than it.
    private const int HeartbeatTicks = 2;

    /// <summary>Settings of a process.</summary>
    /// <param name="options">Validated options.</param>
    /// <param name="cluster">Cluster and service id.</param>
    /// <param name="name">The silo's name, or a client's.</param>
    /// <param name="isSilo">A client never votes, whatever its name.</param>
    /// <param name="ownSilo">The silo's address; empty in a client.</param>
    /// <param name="alivePeriod">How often silos report that they are alive.</param>
    public static ClusteringNodeSettings From(RaftClusteringOptions options, ClusterOptions cluster, string name, bool isSilo, string ownSilo, TimeSpan alivePeriod)
    {
        var tick = options.HeartbeatInterval / HeartbeatTicks;
        var isVoter = isSilo && options.Voters.ContainsKey(name);
        return new ClusteringNodeSettings
        {
            Voter = new VoterSettings
            {
                Name = name,
                Cluster = cluster.ClusterId,
                OwnSilo = ownSilo,
                Voters = VoterSettings.Sorted(options.Voters),
                Tick = tick,
                HeartbeatTicks = HeartbeatTicks,
                ElectionTicks = (int)Math.Ceiling(options.ElectionTimeout / tick),
                AlivePeriod = alivePeriod,
            },
            IsSilo = isSilo,
            Listen = isVoter ? Bind(options, options.Voters[name]) : null,
            Directory = Path.Combine(options.DataDirectory ?? Path.Combine("raft-data", name), "clustering"),
            ServiceId = cluster.ServiceId,
            Secret = options.Secret,
            OperationTimeout = options.OperationTimeout,
            ServerTls = options.ServerTls,
            ClientTls = options.ClientTls,
        };
    }

    public static bool TryParseAddress(string? address, out string host, out int port)
    {
        var colon = address?.LastIndexOf(':') ?? -1;
        host = colon > 0 ? address![..colon].Trim('[', ']') : "";
        port = 0;
        return colon > 0 && ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var parsed)
            && (port = parsed) > 0;
    }

    public static bool TryParseBind(string bind, int port, out IPEndPoint address)
    {
        address = null!;
        if (IPAddress.TryParse(bind, out var ip))
        {
            address = new IPEndPoint(ip, port);
        }
        else if (IPEndPoint.TryParse(bind, out var parsed))
        {
            address = parsed;
        }

        return address is not null;
    }

    private static IPEndPoint Bind(RaftClusteringOptions options, string own)
    {
        TryParseAddress(own, out var host, out var port);
        if (options.BindAddress is not null && TryParseBind(options.BindAddress, port, out var bind))
        {
            return bind;
        }

        if (!IPAddress.TryParse(host, out var ip))
        {
            ip = host == "localhost" ? IPAddress.Loopback : IPAddress.Any;
        }

        var isV6 = ip.AddressFamily is AddressFamily.InterNetworkV6;
        return new IPEndPoint(
            IPAddress.IsLoopback(ip) ? (isV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback) : isV6 ? IPAddress.IPv6Any : IPAddress.Any,
            port);
    }
}
