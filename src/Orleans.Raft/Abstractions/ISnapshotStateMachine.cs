using System.Buffers;

namespace Orleans.Raft;

/// <summary>
/// A replicated state in memory that can be saved as a whole. Without this the state is rebuilt from the whole log at every start, and the log
/// is never cut. For state that does not fit memory comfortably see <see cref="IStoredStateMachine"/>.
/// </summary>
public interface ISnapshotStateMachine : IStateMachine
{
    /// <summary>Writes the whole state. Runs between commands, so it should be quick.</summary>
    void Snapshot(IBufferWriter<byte> output);

    /// <summary>Replaces the whole state by one that <see cref="Snapshot"/> wrote, here or on another replica, by this version or an older one.</summary>
    /// <param name="snapshot">What was written; valid during the call only.</param>
    void Restore(ReadOnlySequence<byte> snapshot);
}
