using System.Buffers;
using System.Security.Cryptography;
using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <summary>State in memory, saved as a whole in parts of at most 1 MiB together with sessions, configuration and position.</summary>
internal sealed class MemoryReplicaState(IStateMachine machine, IStateStore store, long generation) : ReplicaState(store, generation)
{
    private const int PartBytes = 1 << 20;

    private readonly IStateMachine _machine = machine;

    /// <inheritdoc/>
    public override bool IsSavedAsWhole => true;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command) => _machine.Apply(position, command);

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Query(ReadOnlyMemory<byte> query) => _machine.Query(query);

    /// <inheritdoc/>
    public override ValueTask CommitAsync(EntryId position, ConfState confState)
    {
        Sessions.ForgetChanges();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> SaveAsync(EntryId position, ConfState confState)
    {
        if (_machine is not ISnapshotStateMachine saved)
        {
            return false;
        }

        // Everything that depends on the state as it is now happens before the first await.
        var output = new ArrayBufferWriter<byte>();
        saved.Snapshot(output);
        var batch = new StateBatch(Store, Generation) { Applied = new AppliedState(position, confState) };
        foreach (var key in SavedKeys())
        {
            batch.Delete(key);
        }

        Sessions.WriteAll(batch);
        var parts = output.WrittenMemory;
        for (var part = 0; part * (long)PartBytes < parts.Length; part++)
        {
            var start = part * PartBytes;
            batch.Put(StateKeys.OfSaved(part), parts[start..Math.Min(parts.Length, start + PartBytes)].ToArray());
        }

        await Store.WriteAsync(batch);
        return true;
    }

    /// <inheritdoc/>
    public override Task<byte[]?> HashAsync()
    {
        if (_machine is not ISnapshotStateMachine saved)
        {
            return Task.FromResult<byte[]?>(null);
        }

        var output = new ArrayBufferWriter<byte>();
        saved.Snapshot(output);
        var all = output.WrittenMemory;
        return Task.Run<byte[]?>(() => SHA256.HashData(all.Span));
    }

    /// <inheritdoc/>
    protected override void Load(IStateView view)
    {
        if (_machine is not ISnapshotStateMachine saved)
        {
            throw new InvalidOperationException(
                $"{_machine.GetType()} cannot restore the state saved at {view.Applied.Position}: it is not an ISnapshotStateMachine.");
        }

        Sessions.Read(view);
        Part? first = null;
        Part? last = null;
        foreach (var row in view.Scan(StateKeys.OfSaved(0), new[] { (byte)(StateKeys.Saved + 1) }))
        {
            last = last is null ? first = new Part(row.Value) : last.Follow(row.Value);
        }

        saved.Restore(last is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first!, 0, last, last.Memory.Length));
    }

    private List<byte[]> SavedKeys()
    {
        using var view = Store.OpenView(Generation);
        return [.. view.Scan(ReadOnlyMemory<byte>.Empty, ReadOnlyMemory<byte>.Empty).Select(row => row.Key)];
    }

    private sealed class Part : ReadOnlySequenceSegment<byte>
    {
        public Part(byte[] bytes) => Memory = bytes;

        public Part Follow(byte[] bytes)
        {
            var next = new Part(bytes) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
