using System.Globalization;
using System.Net;

namespace KeyValueStore;

/// <summary>A silo by its stable name and the address of its silo port; the other ports follow from that.</summary>
internal sealed record Node(string Name, string Host, int Port)
{
    private const int GatewayOffset = 100;
    private const int ClusteringOffset = 200;
    private const int MaxPort = 65_535 - ClusteringOffset;
    private const int MaxNameLength = 60;

    /// <summary>Where clients of Orleans connect.</summary>
    public int GatewayPort => Port + GatewayOffset;

    /// <summary>Where the membership table's voters talk to each other.</summary>
    public int ClusteringPort => Port + ClusteringOffset;

    /// <summary>Only this machine can reach it.</summary>
    public bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>Where its ports listen.</summary>
    public IPAddress ListenAddress => IsLoopback ? IPAddress.Loopback : IPAddress.Any;

    /// <summary>All its ports.</summary>
    public int[] Ports => [Port, GatewayPort, ClusteringPort];

    /// <summary>Reads <c>name=host:port</c>; null if it is none.</summary>
    public static Node? TryParse(string text)
    {
        var (equals, colon) = (text.IndexOf('='), text.LastIndexOf(':'));
        if (equals <= 0 || colon <= equals + 1 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return null;
        }

        var name = text[..equals];
        return port is > 0 and <= MaxPort && IsName(name) ? new Node(name, text[(equals + 1)..colon], port) : null;
    }

    /// <summary>Names are folders and parts of addresses, so they are plain.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_');

    /// <summary>The address that the silo tells the others.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The host is not known.</exception>
    public IPAddress Resolve() => IsLoopback ? IPAddress.Loopback : IPAddress.TryParse(Host, out var address) ? address : Dns.GetHostAddresses(Host)[0];

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}={Host}:{Port}");
}
