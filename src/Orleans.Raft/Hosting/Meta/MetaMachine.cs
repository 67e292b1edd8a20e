using System.Buffers;
using System.Collections.Immutable;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// State of the meta group: which families of groups were created, over which silos, and which store is whose. Answers of commands are the catalog
/// as it is then, or a single byte that says no.
/// </summary>
internal sealed class MetaMachine : ISnapshotStateMachine
{
    /// <summary>Answer to an announcement of a store that is not the silo's, or of an opening that was seen before.</summary>
    public static readonly byte[] Refused = [0];

    private volatile Catalog _catalog;

    public MetaMachine(Genesis genesis) => _catalog = new Catalog(genesis.Incarnation, 0, genesis.Silos, []);

    /// <summary>Raised on the replica's scheduler after a change.</summary>
    public event Action<Catalog>? Changed;

    /// <summary>The catalog as applied here.</summary>
    public Catalog Catalog => _catalog;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command)
    {
        var value = MetaCodec.ReadCommand(command);
        if (value.Create is { } family)
        {
            Create(position, family);
        }

        if (value.Announce is { } silo && !TryAnnounce(position, silo))
        {
            return Refused;
        }

        return MetaCodec.Encode(_catalog);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Query(ReadOnlyMemory<byte> query) => MetaCodec.Encode(_catalog);

    /// <inheritdoc/>
    public void Snapshot(IBufferWriter<byte> output) => output.Write(MetaCodec.Encode(_catalog));

    /// <inheritdoc/>
    public void Restore(ReadOnlySequence<byte> snapshot) => Change(MetaCodec.ReadCatalog(snapshot.ToArray()));

    // The first to create a family decides its numbers; what others have configured differently is theirs to report.
    private void Create(CommandPosition position, CatalogFamily family)
    {
        foreach (var known in _catalog.Families)
        {
            if (string.Equals(known.Name, family.Name, StringComparison.Ordinal))
            {
                return;
            }
        }

        var silos = _catalog.Silos.Select(silo => silo.Silo).ToImmutableArray();
        var created = family with
        {
            ReplicationFactor = Math.Min(family.ReplicationFactor, silos.Length),
            Incarnation = position.Index,
            Silos = silos,
        };
        Change(_catalog with { Version = position.Index, Families = _catalog.Families.Add(created) });
    }

    // A counter that does not rise is a directory that went back in time, or two processes on one (SAFETY-RULES A7).
    private bool TryAnnounce(CommandPosition position, SiloBinding silo)
    {
        for (var i = 0; i < _catalog.Silos.Length; i++)
        {
            var known = _catalog.Silos[i];
            if (!string.Equals(known.Silo, silo.Silo, StringComparison.Ordinal))
            {
                continue;
            }

            if (known.Store == silo.Store && known.OpenCounter == silo.OpenCounter && known.Life == silo.Life)
            {
                return true;
            }

            if (known.Store != silo.Store || silo.OpenCounter <= known.OpenCounter)
            {
                return false;
            }

            Change(_catalog with
            {
                Version = position.Index,
                Silos = _catalog.Silos.SetItem(i, known with { OpenCounter = silo.OpenCounter, Life = silo.Life }),
            });
            return true;
        }

        return false;
    }

    private void Change(Catalog catalog)
    {
        _catalog = catalog;
        Changed?.Invoke(catalog);
    }
}
