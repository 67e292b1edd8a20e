using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>What a voter goes by; from the options, checked.</summary>
internal sealed record VoterSettings
{
    /// <summary>The silo's stable name.</summary>
    public required string Name { get; init; }

    /// <summary>The cluster's id.</summary>
    public required string Cluster { get; init; }

    /// <summary>Address of the silo around the voter, so that rows of its earlier lives can be told from its own; empty where there is none.</summary>
    public string OwnSilo { get; init; } = "";

    /// <summary>Voters by name, with the address at which configuration says they can be reached.</summary>
    public required ImmutableSortedDictionary<string, string> Voters { get; init; }

    /// <summary>Time between ticks.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Ticks between heartbeats.</summary>
    public int HeartbeatTicks { get; init; } = 2;

    /// <summary>Ticks without a leader before an election; the actual number is between this and twice this.</summary>
    public int ElectionTicks { get; init; } = 20;

    /// <summary>Time between two entries with times of being alive.</summary>
    public TimeSpan AlivePeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Entries applied between two snapshots.</summary>
    public int SnapshotEntries { get; init; } = 500;

    /// <summary>Applied entries that stay in the log for followers that lag a little.</summary>
    public int TailEntries { get; init; } = 100;

    /// <summary>Names in the order in which all voters see them, so that the first one is the same for all.</summary>
    public static ImmutableSortedDictionary<string, string> Sorted(IEnumerable<KeyValuePair<string, string>> voters) =>
        voters.ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>What must be equal on all voters at birth: cluster, names, format. Addresses may differ from where one looks.</summary>
    public Guid ListHash()
    {
        var text = string.Join('\n', Voters.Keys.Prepend($"Orleans.Raft clustering 1 {Cluster}"));
        return new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16), bigEndian: true);
    }
}
