using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;

namespace Orleans.Raft.Storage.Tests.Kills;

/// <summary>
/// The process that is killed: writes eight histories at once, applies what is committed to the state store, and says on its output what was
/// acknowledged, after it was.
/// </summary>
internal static class WriterProcess
{
    public const int Groups = 8;

    public static readonly RaftEngineOptions Options = new()
    {
        SegmentBytes = 256 << 10, CacheBytes = 64 << 10, StateMemoryBytes = 8 << 20, StateWriteBufferBytes = 64 << 10, IdleMark = TimeSpan.FromMilliseconds(5),
    };

    private static readonly Lock OutputLock = new();
    private static readonly Stream Output = Console.OpenStandardOutput();

    public static LogStoreSettings Settings(string directory) => new(directory, "service", "silo-1");

    public static RaftGroupId Group(int number) => new("kill", number);

    /// <summary>Waits for a line, so that the process can be started ahead, then writes until it is killed.</summary>
    public static async Task<int> RunAsync(string directory, int seed)
    {
        await Console.In.ReadLineAsync();
        var engine = new StorageEngine(Options);
        await using var log = await engine.OpenAsync(Settings(directory), default);
        await using var state = await engine.OpenAsync(Settings(directory), log, default);
        Say("open");
        await Task.WhenAll(Enumerable.Range(0, Groups).Select(number => Task.Run(() => WriteAsync(log, state, seed, number))));
        return 0;
    }

    private static async Task WriteAsync(ILogStore store, IStateStore state, int seed, int number)
    {
        var history = new GroupHistory(seed, number);
        var log = await store.OpenAsync(Group(number), default);
        for (var done = log.Metadata.IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(log.Metadata.Span); history.Count < done;)
        {
            history.Next();
        }

        // What the kill took from the state store is applied again from the log.
        await ApplyAsync(state, log, history.HardState.Commit);
        var batch = new WriteBatch();
        while (true)
        {
            var operation = history.Next();
            if (operation.Compact.Index > 0)
            {
                await FlushAsync(state, log, number, operation.Compact.Index);
            }

            Fill(batch, log, operation);
            await store.WriteAsync(batch);
            Say($"written {number} {history.Count}");
            await ApplyAsync(state, log, operation.HardState.Commit);
        }
    }

    public static void Fill(WriteBatch batch, GroupLog log, GroupHistory.Operation operation)
    {
        batch.Clear();
        if (operation.Entries.Count > 0)
        {
            batch.Append(log, operation.Entries);
        }

        batch.SetHardState(log, operation.HardState);
        batch.SetMetadata(log, operation.Metadata);
        if (operation.Compact.Index > 0)
        {
            batch.CompactTo(log, operation.Compact);
        }
    }

    /// <summary>The log is compacted only up to what the state store has on the disk (SAFETY-RULES A11).</summary>
    private static async Task FlushAsync(IStateStore state, GroupLog log, int number, long index)
    {
        while (state.GetDurableApplied(log.Generation).Position.Index < index)
        {
            await state.FlushAsync(default);
        }

        Say($"flushed {number} {state.GetDurableApplied(log.Generation).Position.Index}");
    }

    private static async Task ApplyAsync(IStateStore state, GroupLog log, long commit)
    {
        var applied = state.GetApplied(log.Generation).Position.Index;
        if (applied >= commit)
        {
            return;
        }

        List<Entry> entries = [];
        if (!log.Reader.TryRead(applied + 1, commit + 1, long.MaxValue, entries) || entries.Count != commit - applied)
        {
            throw new InvalidOperationException($"{log.Group}: applied {applied}, committed {commit}, and the log holds {log.Reader.FirstIndex}..{log.Reader.LastIndex}");
        }

        var batch = new StateBatch(state, log.Generation);
        foreach (var entry in entries)
        {
            var (key, value) = GroupHistory.Row(entry);
            batch.Put(key, value);
            batch.Applied = new AppliedState(entry.Id, ConfState.Of([new(1)]));
        }

        await state.WriteAsync(batch);
    }

    private static void Say(string line)
    {
        var bytes = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{line}\n"));
        lock (OutputLock)
        {
            Output.Write(bytes);
        }
    }
}
