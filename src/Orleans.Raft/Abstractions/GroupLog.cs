using Orleans.Raft.Core;

namespace Orleans.Raft;

/// <summary>A group's log, opened.</summary>
/// <param name="Group">Which group.</param>
/// <param name="Owner">Number under which its writes are accepted until the next open.</param>
/// <param name="Reader">Reads what is written; sees a batch once its write has completed.</param>
public sealed record GroupLog(RaftGroupId Group, long Owner, ILogReader Reader)
{
    /// <summary>
    /// Generation of the group's rows in the state store as of the opening: given at creation, replaced by
    /// <see cref="WriteBatch.ResetTo"/> when a received snapshot becomes current (SAFETY-RULES A6, A11).
    /// </summary>
    public long Generation { get; init; }

    /// <summary>What <see cref="WriteBatch.SetMetadata"/> stored last, as of the opening; empty in a new group.</summary>
    public ReadOnlyMemory<byte> Metadata { get; init; }
}
