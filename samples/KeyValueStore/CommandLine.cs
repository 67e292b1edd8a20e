using System.Globalization;

namespace KeyValueStore;

/// <summary>What was asked for on the command line.</summary>
internal sealed record CommandLine
{
    public const int DefaultSiloPort = 11111;

    private const int OneProcessSilos = 3;

    private const string Usage =
        "Options: --urls URL, --data DIR, --import FILE, --silo-port PORT; one process per node: --node NAME --cluster NAME=HOST:PORT,…; "
        + "further nodes: --join --node NAME=HOST:PORT --cluster ….";

    /// <summary>Address of the HTTP service.</summary>
    public string Urls { get; private init; } = "http://127.0.0.1:5000";

    /// <summary>Folder of all data; each silo has a sub-folder.</summary>
    public string Data { get; private init; } = "kv-data";

    /// <summary>File to import once everything runs.</summary>
    public string? Import { get; private init; }

    /// <summary>The silos that found the cluster, in the order of their names; the same on every node, for ever.</summary>
    public IReadOnlyList<Node> Founders { get; private init; } = [];

    /// <summary>The silos of this process.</summary>
    public IReadOnlyList<Node> Local { get; private init; } = [];

    /// <summary>Whether this process is one node of many.</summary>
    public bool IsNode { get; private init; }

    /// <summary>The founders' names as one text, which all nodes must agree on.</summary>
    public string FounderNames => string.Join(',', Founders.Select(node => node.Name));

    /// <summary>Whether a silo of this process is a founder.</summary>
    public bool IsFounder => Local.Any(Founders.Contains);

    /// <summary>The founders that keep the membership table: a majority of them must be up.</summary>
    public IEnumerable<Node> Voters => Founders.Take(Founders.Count switch { >= 5 => 5, >= 3 => 3, _ => 1 });

    private int? SiloPort { get; init; }

    private string? Node { get; init; }

    private string? Cluster { get; init; }

    private bool IsJoining { get; init; }

    /// <summary>Reads the arguments; the error is one line for the user.</summary>
    public static (CommandLine Options, string? Error) Parse(IReadOnlyList<string> arguments)
    {
        var options = new CommandLine();
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            if (name == "--join")
            {
                options = options with { IsJoining = true };
            }
            else if (!name.StartsWith("--", StringComparison.Ordinal))
            {
                return (options, $"Unknown argument '{name}'. {Usage}");
            }
            else if (++i == arguments.Count)
            {
                return (options, $"{name} needs a value, or is unknown. {Usage}");
            }
            else if (options.With(name, arguments[i], out options) is { } error)
            {
                return (options, error);
            }
        }

        return options.WithNodes();
    }

    private string? With(string name, string value, out CommandLine options)
    {
        options = this;
        switch (name)
        {
            case "--urls" when Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttp:
                options = this with { Urls = value.TrimEnd('/') };
                return null;
            case "--urls":
                return $"--urls {value} is no http address, for instance http://127.0.0.1:5000.";
            case "--data":
                options = this with { Data = value };
                return null;
            case "--import" when File.Exists(value):
                options = this with { Import = value };
                return null;
            case "--import":
                return $"--import {value}: there is no such file.";
            case "--silo-port" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65000:
                options = this with { SiloPort = port };
                return null;
            case "--silo-port":
                return $"--silo-port {value} is no port from 1 to 64999.";
            case "--node":
                options = this with { Node = value };
                return null;
            case "--cluster":
                options = this with { Cluster = value };
                return null;
            default:
                return $"Unknown option '{name}'. {Usage}";
        }
    }

    private (CommandLine Options, string? Error) WithNodes()
    {
        if (Node is null && Cluster is null && !IsJoining)
        {
            var port = SiloPort ?? DefaultSiloPort;
            Node[] three = [.. Enumerable.Range(0, OneProcessSilos).Select(i => new Node($"n{i + 1}", "127.0.0.1", port + i))];
            return (this with { Founders = three, Local = three }, null);
        }

        if (Node is null || Cluster is null || SiloPort is not null)
        {
            return (this, $"--node and --cluster go together, and without --silo-port. {Usage}");
        }

        var founders = new List<Node>();
        foreach (var part in Cluster.Split(','))
        {
            if (KeyValueStore.Node.TryParse(part) is not { } founder)
            {
                return (this, $"--cluster: '{part}' is no {KeyValueStore.Node.Form}.");
            }

            if (founders.Find(founder.IsInTheWayOf) is { } other)
            {
                return (this, $"--cluster: '{part}' has the name, or one of the three ports, of {other}. {KeyValueStore.Node.PortRule}");
            }

            founders.Add(founder);
        }

        founders.Sort((x, y) => string.CompareOrdinal(x.Name, y.Name));
        var own = IsJoining ? KeyValueStore.Node.TryParse(Node) : founders.Find(founder => founder.Name == Node);
        var error = own is null
            ? IsJoining ? $"--node {Node} is no {KeyValueStore.Node.Form}, which --join needs." : $"--node {Node} is no name in --cluster {Cluster}."
            : IsJoining && founders.Any(founder => founder.Name == own.Name) ? $"--join: {own.Name} is in --cluster, so it founds the cluster and does not join it."
            : IsJoining && founders.Find(own.IsInTheWayOf) is { } same ? $"--join: {own} has the name, or one of the three ports, of {same}. {KeyValueStore.Node.PortRule}"
            : null;
        return (this with { Founders = founders, Local = own is null ? [] : [own], IsNode = true }, error);
    }

    /// <summary>What can be told only from this machine: its folder of data, and names of hosts.</summary>
    public string? FindObstacle()
    {
        // Two voters are down as soon as one is. A cluster that was founded so may go on.
        if (IsNode && IsFounder && Founders.Count == 2 && !HasData(Path.Combine(Data, Local[0].Name)))
        {
            return $"--cluster names two founders, {FounderNames}: without either of them nothing would work. Found it by one or three; others come in by --join later.";
        }

        foreach (var node in Local)
        {
            if (node.TryResolve() is null)
            {
                return $"The host of {node} is not known here.";
            }

            if (Uri.TryCreate(Urls, UriKind.Absolute, out var url) && node.Ports.Contains(url.Port))
            {
                return $"--urls {Urls} has one of the three ports of {node}. {KeyValueStore.Node.PortRule}";
            }

            try
            {
                // Made by whoever is first; what is in it is judged by the silo.
                var folder = Directory.CreateDirectory(Path.Combine(Data, node.Name)).FullName;
                using (File.Create(Path.Combine(folder, ".writable"), bufferSize: 0, FileOptions.DeleteOnClose))
                {
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return $"--data {Data} can't be used: {exception.Message}";
            }
        }

        return null;
    }

    // A start that was refused may have left the folder.
    private static bool HasData(string folder) => Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any();
}
