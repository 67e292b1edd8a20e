using System.Text;
using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;

namespace Orleans.Raft.Storage.Tests;

/// <summary>A small data directory as a silo leaves it: several segments, four groups, rows of two of them.</summary>
internal static class EngineDirectory
{
    public static readonly RaftEngineOptions Options = new()
    {
        SegmentBytes = 64 << 10, CacheBytes = 0, StateMemoryBytes = 4 << 20, StateWriteBufferBytes = 1 << 20,
    };

    public static LogStoreSettings Settings(string directory) => new(directory, "service", "silo-1");

    public static async Task MakeAsync(string directory)
    {
        var engine = new StorageEngine(Options);
        await using var log = await engine.OpenAsync(Settings(directory), default);
        await using var state = await engine.OpenAsync(Settings(directory), log, default);
        var run = new Faults.ScriptRun(log);
        foreach (var step in Faults.Script.Make(seed: 11, steps: 160).Where(static step => !step.IsMark))
        {
            await run.DoAsync(step);
        }

        foreach (var number in new[] { 0, 1 })
        {
            var group = await log.OpenAsync(new RaftGroupId("g", number), default);
            await WriteRowsAsync(state, group);
        }

        await state.FlushAsync(default);
    }

    /// <summary>All rows of all generations as text.</summary>
    public static string Describe(IStateStore state)
    {
        var text = new StringBuilder();
        foreach (var generation in state.Generations)
        {
            using var view = state.OpenView(generation);
            text.Append(generation).Append(' ').Append(view.Applied.Position).Append(' ').Append(view.Applied.ConfState).Append(' ')
                .Append(Convert.ToHexString(view.Applied.Extra.Span)).Append('\n');
            foreach (var row in view.Scan(default, default))
            {
                text.Append("  ").Append(Convert.ToHexString(row.Key)).Append(' ').Append(row.Value.Length).Append(' ').Append(Crc32C.Of(row.Value).ToString("x8")).Append('\n');
            }
        }

        return text.ToString();
    }

    private static async Task WriteRowsAsync(IStateStore state, GroupLog group)
    {
        var random = new Random(group.Group.Index);
        for (var index = 1; index <= 5; index++)
        {
            var batch = new StateBatch(state, group.Generation) { Applied = new AppliedState(new EntryId(1, index), ConfState.Of([new(1), new(2)])) { Extra = new byte[] { 1, (byte)index } } };
            for (var i = 0; i < 10; i++)
            {
                var value = new byte[random.Next(300)];
                random.NextBytes(value);
                batch.Put([(byte)random.Next(40), (byte)group.Group.Index], value);
            }

            batch.Delete([(byte)random.Next(40), (byte)group.Group.Index]);
            await state.WriteAsync(batch);
        }
    }
}
