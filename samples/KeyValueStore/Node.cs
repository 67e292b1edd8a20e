using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KeyValueStore;

/// <summary>A silo by its stable name and the address of its silo port; the other ports follow from that.</summary>
internal sealed record Node(string Name, string Host, int Port)
{
    /// <summary>How a node is written.</summary>
    public const string Form = "NAME=HOST:PORT, for instance n1=127.0.0.1:11111: letters, digits, - and _; a host name or an IPv4 address; a port up to 65335";

    /// <summary>Which ports a node takes.</summary>
    public const string PortRule = "A node takes its port, 100 above and 200 above.";

    private const int GatewayOffset = 100;
    private const int ClusteringOffset = 200;
    private const int MaxPort = 65_535 - ClusteringOffset;
    private const int MaxNameLength = 60;

    /// <summary>Where clients of Orleans connect.</summary>
    public int GatewayPort => Port + GatewayOffset;

    /// <summary>Where the membership table's voters talk to each other.</summary>
    public int ClusteringPort => Port + ClusteringOffset;

    /// <summary>Only this machine can reach it.</summary>
    public bool IsLoopback => string.Equals(Host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

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

        var (name, host) = (text[..equals], text[(equals + 1)..colon]);
        var isHost = IPAddress.TryParse(host, out var address)
            ? address.AddressFamily == AddressFamily.InterNetwork && !address.Equals(IPAddress.Any)
            : Uri.CheckHostName(host) == UriHostNameType.Dns;
        return port is > 0 and <= MaxPort && IsName(name) && isHost ? new Node(name, host, port) : null;
    }

    /// <summary>Whether two nodes can't both be: they have one name, be it in other letters, or a port in common.</summary>
    public bool IsInTheWayOf(Node other) => string.Equals(Name, other.Name, StringComparison.OrdinalIgnoreCase)
        || ((string.Equals(Host, other.Host, StringComparison.OrdinalIgnoreCase) || (IsLoopback && other.IsLoopback)) && Ports.Intersect(other.Ports).Any());

    /// <summary>Names are folders and parts of addresses, so they are plain.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_');

    /// <summary>The address that the silo tells the others; null if the host is not known.</summary>
    public IPAddress? TryResolve()
    {
        try
        {
            return IsLoopback ? IPAddress.Loopback
                : IPAddress.TryParse(Host, out var address) ? address
                : Dns.GetHostAddresses(Host, AddressFamily.InterNetwork).FirstOrDefault();
        }
        catch (SocketException)
        {
            return null;
        }
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}={Host}:{Port}");
}
