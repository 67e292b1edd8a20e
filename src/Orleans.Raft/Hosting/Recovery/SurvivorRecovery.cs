using System.Globalization;
using System.Text;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// A stopped silo's directory, opened to start a new cluster from it. The new configuration of every group is this silo's replica alone; configuration changes in the log
/// that are not applied yet are emptied; the log is cut where a state is saved, so that nobody ever starts from the births of the former cluster (SAFETY-RULES A1, B11).
/// </summary>
internal sealed class SurvivorRecovery : IAsyncDisposable
{
    private readonly string _silo;
    private readonly ILogStore _store;
    private readonly IStateStore _states;
    private readonly List<SurvivingGroup> _groups = [];
    private MetaRecord? _meta;

    private SurvivorRecovery(string silo, ILogStore store, IStateStore states)
    {
        _silo = silo;
        _store = store;
        _states = states;
    }

    /// <summary>What has to be typed.</summary>
    public string Phrase => $"recover {_silo} from {_meta!.Genesis.Incarnation:N}";

    /// <summary>Opens a directory and reads what is there.</summary>
    public static async Task<SurvivorRecovery> OpenAsync(
        ILogStoreFactory logs, IStateStoreFactory states, LogStoreSettings settings, CancellationToken cancellationToken)
    {
        var store = await logs.OpenAsync(settings, cancellationToken);
        SurvivorRecovery recovery;
        try
        {
            recovery = new SurvivorRecovery(settings.SiloName, store, await states.OpenAsync(settings, store, cancellationToken));
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }

        try
        {
            await recovery.ReadAsync(cancellationToken);
            return recovery;
        }
        catch
        {
            await recovery.DisposeAsync();
            throw;
        }
    }

    /// <summary>What is there, and what recovering means.</summary>
    public string Describe()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"Silo {_silo}, store {_store.Identity}, cluster {_meta!.Genesis.Incarnation:N}: {_groups.Count} groups.");
        foreach (var group in _groups.OrderBy(group => group.Id.Name, StringComparer.Ordinal).ThenBy(group => group.Id.Index))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {group.Id} replica {group.Replica}: log ends at {group.LastTerm}/{group.Log.Reader.LastIndex}, state is saved at {group.Applied.Position}");
        }

        text.AppendLine("Of several survivors take the one whose logs end at the highest term/index. Writes that were acknowledged and are not in these logs are lost.");
        text.AppendLine("All other silos must be stopped, and start with empty directories afterwards: what they hold belongs to the former cluster and is refused.");
        text.Append(CultureInfo.InvariantCulture, $"To confirm, type: {Phrase}");
        return text.ToString();
    }

    /// <summary>Makes the new cluster.</summary>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        // An interrupted recovery is noticed at the next start of the silo, and is done again.
        var before = new WriteBatch();
        var meta = _groups.Single(group => group.Id == CatalogGroups.MetaId);
        before.SetMetadata(meta.Log, MetaCodec.Encode(_meta! with { IsRecovering = true }));
        await _store.WriteAsync(before);

        foreach (var group in _groups.Where(group => group.Applied.Position.Index > 0))
        {
            var batch = new StateBatch(_states, group.Log.Generation)
            {
                Applied = new AppliedState(group.Applied.Position, ConfState.Of([group.Replica])) { Extra = group.Applied.Extra },
            };
            await _states.WriteAsync(batch);
        }

        await _states.FlushAsync(cancellationToken);
        var incarnation = Guid.NewGuid();
        var record = _meta! with { Genesis = _meta!.Genesis with { Incarnation = incarnation }, IsRecovering = false, IsRecovered = true };
        var all = new WriteBatch();
        foreach (var group in _groups)
        {
            Isolate(all, group);
            all.SetMetadata(group.Log, group.Record is { } own ? MetaCodec.Encode(own with { IsRecovered = true }) : MetaCodec.Encode(record));
        }

        await _store.WriteAsync(all);
        return $"The silo {_silo} is the only voter of {_groups.Count} groups of the new cluster {incarnation:N}. Start it, then the others with empty directories.";
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _states.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static void Isolate(WriteBatch batch, SurvivingGroup group)
    {
        var reader = group.Log.Reader;
        var entries = new List<Entry>();
        if (reader.LastIndex >= reader.FirstIndex)
        {
            reader.TryRead(reader.FirstIndex, reader.LastIndex + 1, long.MaxValue, entries);
        }

        var first = entries.FindIndex(entry => entry.Index > group.Applied.Position.Index && entry.Type != EntryType.EntryNormal);
        if (first >= 0)
        {
            batch.Append(group.Log, entries[first..].ConvertAll(
                entry => entry.Type == EntryType.EntryNormal ? entry : new Entry(entry.Term, entry.Index, EntryType.EntryNormal, default)));
        }

        batch.SetConfState(group.Log, ConfState.Of([group.Replica]));
        if (group.Applied.Position.Index >= reader.FirstIndex)
        {
            batch.CompactTo(group.Log, group.Applied.Position);
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (!_store.Groups.Contains(CatalogGroups.MetaId))
        {
            throw new RaftException($"The directory of {_silo} holds no cluster. Nothing was changed.");
        }

        foreach (var id in _store.Groups.ToArray())
        {
            var log = await _store.OpenAsync(id, cancellationToken);
            if (log.Metadata.IsEmpty)
            {
                continue;
            }

            var record = id == CatalogGroups.MetaId ? null : MetaCodec.ReadGroupRecord(log.Metadata);
            _meta ??= record is null ? MetaCodec.ReadRecord(log.Metadata) : null;
            _groups.Add(new SurvivingGroup(id, log, record?.Replica ?? MetaCodec.ReadRecord(log.Metadata).Replica, _states.GetApplied(log.Generation), record));
        }

        if (_meta is null || _meta.Replica.IsNone)
        {
            throw new RaftException($"The silo {_silo} holds no replica of the meta group, so it does not know what the cluster is. Recover from a silo that does. Nothing was changed.");
        }

        var damaged = _groups.FirstOrDefault(group => group.Applied.Position.Index < group.Log.Reader.FirstIndex - 1);
        if (damaged is not null)
        {
            throw new RaftException($"{damaged.Id}: the state is saved at {damaged.Applied.Position}, and the log begins at {damaged.Log.Reader.FirstIndex}: what lies between is lost. Recover from another silo. Nothing was changed.");
        }

        var missing = CatalogGroups.All(ReadCatalog()).Except(_groups.Select(group => group.Id)).ToArray();
        if (missing.Length > 0)
        {
            throw new RaftException($"The silo {_silo} has no replica of {string.Join(", ", missing)}. Recover from a silo that has all groups. Nothing was changed.");
        }
    }

    // The catalog as the meta group's log leaves it, what was never committed included: more groups rather than fewer.
    private Catalog ReadCatalog()
    {
        var meta = _groups.Single(group => group.Id == CatalogGroups.MetaId);
        var machine = new MetaMachine(_meta!.Genesis);
        var state = ReplicaState.Of(machine, _states, meta.Log.Generation);
        var applied = state.Load(meta.Log.Generation).Position.Index;
        var entries = new List<Entry>();
        var reader = meta.Log.Reader;
        if (reader.LastIndex > applied)
        {
            reader.TryRead(Math.Max(applied + 1, reader.FirstIndex), reader.LastIndex + 1, long.MaxValue, entries);
        }

        foreach (var entry in entries.Where(entry => entry.Type == EntryType.EntryNormal && entry.Data.Length > 0))
        {
            var offset = 0;
            foreach (var command in CommandCodec.Read(entry.Data))
            {
                state.Apply(new CommandPosition(entry.Term, entry.Index, offset++), command.Payload);
            }
        }

        return machine.Catalog;
    }

    private sealed record SurvivingGroup(RaftGroupId Id, GroupLog Log, ReplicaId Replica, AppliedState Applied, GroupRecord? Record)
    {
        public long LastTerm => Log.Reader.TryGetTerm(Log.Reader.LastIndex, out var term) ? term : 0;
    }
}
