namespace Orleans.Raft.Cluster.Tests.Clustering;

/// <summary>
/// The cables between voters in processes, one for each way. A voter knows the others by the cables to them, and says of itself an address at which nobody is: nothing goes round
/// the cables.
/// </summary>
internal sealed class Cables : IAsyncDisposable
{
    private readonly Dictionary<(int From, int To), CutProxy> _cables;

    /// <summary>Cables between so many voters.</summary>
    public Cables(int voters)
    {
        Ports = SiloSet.FreePorts(voters);
        var all = Enumerable.Range(0, voters);
        _cables = all.SelectMany(_ => all, static (from, to) => (From: from, To: to)).Where(static way => way.From != way.To)
            .ToDictionary(static way => way, way => new CutProxy(Ports[way.To]));
    }

    /// <summary>Where the voters listen.</summary>
    public IReadOnlyList<int> Ports { get; }

    /// <summary>A voter's name.</summary>
    public static string Name(int voter) => $"s{voter + 1}";

    /// <summary>What a voter's process is started with.</summary>
    public string Arguments(int voter, string data)
    {
        var voters = Ports.Select((_, to) => $"{Name(to)}={(to == voter ? "127.0.0.1:9" : _cables[(voter, to)].Address)}");
        return $"voter {Name(voter)} {Ports[voter]} \"{Path.Combine(data, Name(voter))}\" {string.Join(',', voters)}";
    }

    /// <summary>Cuts a voter off from all others, in one direction or both.</summary>
    public void CutOff(int voter, bool outgoing = true, bool incoming = true)
    {
        foreach (var ((from, to), cable) in _cables)
        {
            if ((outgoing && from == voter) || (incoming && to == voter))
            {
                cable.Cut();
            }
        }
    }

    /// <summary>All are whole again.</summary>
    public void Mend()
    {
        foreach (var cable in _cables.Values)
        {
            cable.Mend();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var cable in _cables.Values)
        {
            await cable.DisposeAsync();
        }
    }
}
