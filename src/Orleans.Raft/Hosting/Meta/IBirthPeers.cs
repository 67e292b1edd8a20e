namespace Orleans.Raft.Hosting;

/// <summary>How a silo asks others about the cluster's birth. Behind it are the endpoints, or a test.</summary>
internal interface IBirthPeers
{
    /// <summary>Silos that membership shows besides this one, by name; null before membership has been read.</summary>
    IReadOnlyCollection<string>? Others { get; }

    /// <summary>Asks a silo. Fails if it can't be reached in time.</summary>
    Task<BirthAnswer> AskAsync(string silo, BirthQuestion question);
}

/// <summary>Who asks.</summary>
/// <param name="silo">Name of the asking silo.</param>
/// <param name="address">Its address as text, so that it can be asked back.</param>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.BirthQuestion")]
internal sealed class BirthQuestion(string silo, string address)
{
    /// <summary>Name of the asking silo.</summary>
    [Id(0)]
    public string Silo { get; } = silo;

    /// <summary>Its address as text.</summary>
    [Id(1)]
    public string Address { get; } = address;
}

/// <summary>What a silo says of its own birth.</summary>
/// <param name="silo">Name of the answering silo.</param>
/// <param name="store">Its store.</param>
/// <param name="plan">Hash of what it is configured to be born as.</param>
/// <param name="genesis">The genesis that it holds; empty while it is fresh.</param>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.BirthAnswer")]
internal sealed class BirthAnswer(string silo, Guid store, string plan, byte[] genesis)
{
    /// <summary>Name of the answering silo.</summary>
    [Id(0)]
    public string Silo { get; } = silo;

    /// <summary>Its store.</summary>
    [Id(1)]
    public Guid Store { get; } = store;

    /// <summary>Hash of what it is configured to be born as: initial silos, service, format.</summary>
    [Id(2)]
    public string Plan { get; } = plan;

    /// <summary>The genesis that it holds; empty while it is fresh.</summary>
    [Id(3)]
    public byte[] Genesis { get; } = genesis;

    /// <summary>True while it holds none.</summary>
    public bool IsFresh => Genesis.Length == 0;
}

/// <summary>What a silo knows of the catalog.</summary>
/// <param name="catalog">The catalog; empty if it is not newer than what the asker has.</param>
/// <param name="isComplete">False while the silo has not heard from the meta group since its start: then what is not in it may exist all the same.</param>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.CatalogAnswer")]
internal sealed class CatalogAnswer(byte[] catalog, bool isComplete)
{
    /// <summary>The catalog; empty if it is not newer than what the asker has.</summary>
    [Id(0)]
    public byte[] Catalog { get; } = catalog;

    /// <summary>False while the silo has not heard from the meta group since its start.</summary>
    [Id(1)]
    public bool IsComplete { get; } = isComplete;
}
