using System.Buffers;
using System.Text;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// State of the meta group: which families of groups were created, where their replicas are, and which store is whose. A command is answered with a byte
/// that says whether it was done; where it was not, the reason follows.
/// </summary>
internal sealed partial class MetaMachine : ISnapshotStateMachine
{
    private static readonly byte[] Accepted = [1];

    private volatile Catalog _catalog;

    public MetaMachine(Genesis genesis) => _catalog = CatalogGroups.Birth(genesis);

    /// <summary>Raised on the replica's scheduler after a change.</summary>
    public event Action<Catalog>? Changed;

    /// <summary>The catalog as applied here.</summary>
    public Catalog Catalog => _catalog;

    /// <summary>Why a command was not done, or null if it was.</summary>
    public static string? RefusalOf(ReadOnlyMemory<byte> answer) =>
        answer.Span.SequenceEqual(Accepted) ? null : Encoding.UTF8.GetString(answer.Span[1..]);

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command)
    {
        var value = MetaCodec.ReadCommand(command);
        if (value.Create is { } family)
        {
            Create(position, family);
        }

        var refusal = value.Announce is { } silo ? Announce(position, silo, value.Former) : null;
        refusal ??= Move(position, value);
        if (!value.Left.IsDefault)
        {
            Forget(position, value.Left, value.LeftReplica);
        }

        return refusal is null ? Accepted : Encoding.UTF8.GetBytes('\0' + refusal);
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

        var silos = _catalog.Silos.Where(silo => !silo.IsRetired).Select(silo => silo.Silo).ToArray();
        var created = family with
        {
            ReplicationFactor = Math.Min(family.ReplicationFactor, silos.Length),
            Incarnation = position.Index,
            Silos = [.. silos],
        };
        Change(_catalog with { Version = position.Index, Families = _catalog.Families.Add(created) });
    }

    // A counter that does not rise is a directory that went back in time, or two processes on one (SAFETY-RULES A7).
    private string? Announce(CommandPosition position, SiloBinding silo, Guid former)
    {
        var place = CatalogGroups.PlaceOf(_catalog, silo.Silo);
        if (place < 0)
        {
            Change(Raised(_catalog with { Version = position.Index, Silos = _catalog.Silos.Add(silo with { Replica = default }) }));
            return null;
        }

        var known = _catalog.Silos[place];
        if (known.Store == silo.Store && known.OpenCounter == silo.OpenCounter && known.Life == silo.Life)
        {
            return null;
        }

        if (known.Store != silo.Store && known.Store != former)
        {
            return $"the silo {silo.Silo} is bound to the store {known.Store:N}; {silo.Store:N} is another one";
        }

        if (known.Store == silo.Store && silo.OpenCounter <= known.OpenCounter)
        {
            return $"opening {silo.OpenCounter} of the store {silo.Store:N} was announced, and opening {known.OpenCounter} is known already";
        }

        var catalog = known.Store == silo.Store ? _catalog : Replace(silo);
        Change(Raised(catalog with
        {
            Version = position.Index,
            Silos = catalog.Silos.SetItem(
                place, known with { Store = silo.Store, OpenCounter = silo.OpenCounter, Life = silo.Life, FeatureLevel = silo.FeatureLevel }),
        }));
        return null;
    }

    // Never lowered: what was written at a level stays in the logs. A silo that knows less comes too late, and its replicas stop where they meet it.
    private static Catalog Raised(Catalog catalog)
    {
        var known = catalog.Silos.Where(silo => !silo.IsRetired).Select(silo => silo.FeatureLevel).DefaultIfEmpty().Min();
        return known > catalog.FeatureLevel ? catalog with { FeatureLevel = known } : catalog;
    }

    private void Change(Catalog catalog)
    {
        if (!ReferenceEquals(catalog, _catalog))
        {
            _catalog = catalog;
            Changed?.Invoke(catalog);
        }
    }
}
