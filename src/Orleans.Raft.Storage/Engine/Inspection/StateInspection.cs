using RocksDbSharp;
using IOException = System.IO.IOException;

namespace Orleans.Raft.Storage.Engine;

/// <summary>Reads every row of a state store, read-only.</summary>
internal static class StateInspection
{
    public static IReadOnlyList<GenerationReport> Read(string path, Guid storeId, IReadOnlyList<GroupReport> groups, Findings findings)
    {
        RocksStateStore.CheckFiles(path);
        using var handles = new RocksHandles(new RaftEngineOptions());
        try
        {
            using var database = RocksDb.OpenReadOnly(handles.Options, path, false);
            var owner = database.Get(StateKeys.Owner);
            if (owner is null || new Guid(owner) != storeId)
            {
                findings.Add(EngineCondition.Corrupt, new CorruptionException(
                    path, 0, $"the state of store {storeId:N}", owner is null ? "no mark of a store" : $"that of store {new Guid(owner):N}").Message);
            }

            return Read(database, path, groups, findings);
        }
        catch (RocksDbException e)
        {
            throw e.Message.StartsWith("Corruption", StringComparison.Ordinal)
                ? new CorruptionException(path, 0, "the database as it was written", e.Message)
                : new IOException($"{path}: the database: {e.Message}", e);
        }
    }

    private static List<GenerationReport> Read(RocksDb database, string path, IReadOnlyList<GroupReport> groups, Findings findings)
    {
        SortedDictionary<long, GenerationReport> generations = [];
        // Every block is read anyway; what is in the cache already need not be kept.
        using var iterator = database.NewIterator(null, new ReadOptions().SetVerifyChecksums(true).SetFillCache(false));
        for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next())
        {
            var key = iterator.GetKeySpan();
            if (StateKeys.TryReadApplied(key, out var applied))
            {
                var position = AppliedCodec.Decode(path, iterator.Value()).Position;
                generations[applied] = Of(applied) with { AppliedTerm = position.Term, AppliedIndex = position.Index };
            }
            else if (StateKeys.TryReadRow(key, out var generation))
            {
                var before = Of(generation);
                generations[generation] = before with { Rows = before.Rows + 1, Bytes = before.Bytes + key.Length + iterator.GetValueSpan().Length };
            }
        }

        // An iterator that meets a damaged block ends as if there were no more rows; only this call tells.
        Native.Instance.rocksdb_iter_get_error(iterator.Handle);
        Note(generations, groups, findings);
        return [.. generations.Values];

        GenerationReport Of(long generation) => generations.TryGetValue(generation, out var known)
            ? known
            : new GenerationReport(generation, 0, 0) { Group = groups.FirstOrDefault(group => group.Generation == generation)?.Group };
    }

    private static void Note(SortedDictionary<long, GenerationReport> generations, IReadOnlyList<GroupReport> groups, Findings findings)
    {
        foreach (var group in groups)
        {
            var applied = generations.TryGetValue(group.Generation, out var generation) ? generation.AppliedIndex : 0;
            if (applied < group.CompactedIndex)
            {
                findings.Notes.Add(
                    $"{group.Group}: applied up to {applied}, and the log begins after {group.CompactedIndex}. If its state is kept here, the replica faults at the next start.");
            }
        }
    }
}
