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

    /// <summary>What a store holds before the history and after each of its steps, by the model in memory.</summary>
    public static async Task<List<string>> ExpectAsync(List<ScriptStep> script)
    {
        List<string> expected = [""];
        var model = new MemoryLogStore();
        var run = new ScriptRun(model);
        foreach (var step in script)
        {
            await run.DoAsync(step);
            expected.Add(await DescribeAsync(model));

            // Describing opens all groups, which voids the run's handles.
            run._logs.Clear();
        }

        return expected;
    }

    /// <summary>Everything that the store holds: a line for each group. Two stores with equal text hold the same.</summary>
    /// <param name="store">The store.</param>
    /// <param name="onFailedRead">Told of a group that can't be read; null to throw.</param>
    public static async Task<string> DescribeAsync(ILogStore store, Action<Exception>? onFailedRead = null)
    {
        var text = new StringBuilder();
        foreach (var group in store.Groups.OrderBy(static group => group.ToString(), StringComparer.Ordinal))
        {
            var log = await store.OpenAsync(group, default);
            var reader = log.Reader;
            Xunit.Assert.True(reader.TryGetTerm(reader.FirstIndex - 1, out var compactedTerm));
            text.Append(group).Append(" after ").Append(compactedTerm).Append('/').Append(reader.FirstIndex - 1).Append(' ')
                .Append(reader.InitialState).Append(" metadata ").Append(Crc32C.Of(log.Metadata.Span).ToString("x8")).Append(':');
            try
            {
                foreach (var entry in Conformance.LogText.Read(reader))
                {
                    text.Append(' ').Append(entry.Id).Append((int)entry.Type).Append(Crc32C.Of(entry.Data.Span).ToString("x8"));
                }
            }
            catch (IOException e) when (onFailedRead is not null)
            {
                onFailedRead(e);
                text.Append(" can't be read");
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
