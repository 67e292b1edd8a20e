using System.Text;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;

namespace Orleans.Raft.Storage.Tests.Faults;

/// <summary>A history running against a store, and the store's whole content as text.</summary>
internal sealed class ScriptRun(ILogStore store)
{
    private readonly Dictionary<RaftGroupId, GroupLog> _logs = [];

    public async Task DoAsync(ScriptStep step)
    {
        if (step.IsMark)
        {
            (store as InlineLogStore)?.Mark();
            return;
        }

        if (step.Opens is { } opens)
        {
            _logs[opens] = await store.OpenAsync(opens, default);
            return;
        }

        // A group that a reopening left closed is opened first; one that was removed in this history has been opened again by it.
        var batch = new WriteBatch();
        foreach (var operation in step.Operations)
        {
            if (!_logs.TryGetValue(operation.Group, out var log))
            {
                _logs[operation.Group] = log = await store.OpenAsync(operation.Group, default);
            }

            operation.Add(batch, log);
        }

        await store.WriteAsync(batch);
        foreach (var operation in batch.Operations.Where(static operation => operation.Kind == LogOperationKind.RemoveGroup))
        {
            _logs.Remove(operation.Log.Group);
        }
    }

    /// <summary>Somebody else opened the groups, so the handles are void.</summary>
    public void ForgetHandles() => _logs.Clear();

    /// <summary>Everything that the store holds: a line for each group. Two stores with equal text hold the same.</summary>
    public static async Task<string> DescribeAsync(ILogStore store)
    {
        var text = new StringBuilder();
        foreach (var group in store.Groups.OrderBy(static group => group.ToString(), StringComparer.Ordinal))
        {
            var log = await store.OpenAsync(group, default);
            var reader = log.Reader;
            Xunit.Assert.True(reader.TryGetTerm(reader.FirstIndex - 1, out var compactedTerm));
            text.Append(group).Append(" after ").Append(compactedTerm).Append('/').Append(reader.FirstIndex - 1).Append(' ')
                .Append(reader.InitialState).Append(" metadata ").Append(Crc32C.Of(log.Metadata.Span).ToString("x8")).Append(':');
            foreach (var entry in Conformance.LogText.Read(reader))
            {
                text.Append(' ').Append(entry.Id).Append((int)entry.Type).Append(Crc32C.Of(entry.Data.Span).ToString("x8"));
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
