using System;
using System.Collections.Generic;

namespace Orleans.Raft.Core;

/// <summary>A read that waits.</summary>
/// <param name="From">Who asked; none or this replica for a local read.</param>
/// <param name="Context">The asker's number for it.</param>
/// <param name="Index">Commit index when the read was taken.</param>
/// <param name="Round">Round of heartbeats that confirms it; 0 until the term's first commit.</param>
internal readonly record struct PendingRead(ReplicaId From, long Context, long Index, long Round);

/// <summary>
/// Reads of one leadership and the rounds of heartbeats that confirm them. A read is confirmed by a quorum's answers to a round that
/// started after it, or to any later one: a lost answer heals with the next tick, and a context that is used twice harms nobody.
/// </summary>
internal sealed class ReadRounds
{
    private const int KnownRounds = 32;

    private readonly Queue<PendingRead> _confirming = [];
    private readonly Queue<PendingRead> _awaitingCommit = [];
    private readonly TimeSpan[] _sentAt = new TimeSpan[KnownRounds];

    /// <summary>Number of the latest round; 0 before the first.</summary>
    public long Round { get; private set; }

    /// <summary>The latest round's heartbeats have not left yet: a read that comes now is still before them.</summary>
    public bool IsRoundOpen { get; private set; }

    public int PendingCount => _confirming.Count + _awaitingCommit.Count;

    public int AwaitingCommitCount => _awaitingCommit.Count;

    /// <summary>Starts a round whose heartbeats are sent not before <paramref name="now"/>.</summary>
    public long StartRound(TimeSpan now)
    {
        Round++;
        _sentAt[Round % KnownRounds] = now;
        IsRoundOpen = true;
        return Round;
    }

    public void CloseRound() => IsRoundOpen = false;

    /// <summary>When a round's heartbeats were sent at the earliest; false for rounds too old to matter.</summary>
    public bool TryGetSentAt(long round, out TimeSpan sentAt)
    {
        var known = round > 0 && round <= Round && round > Round - KnownRounds;
        sentAt = known ? _sentAt[round % KnownRounds] : default;
        return known;
    }

    public void AwaitCommit(ReplicaId from, long context) => _awaitingCommit.Enqueue(new PendingRead(from, context, 0, 0));

    public void AwaitRound(ReplicaId from, long context, long committed) =>
        _confirming.Enqueue(new PendingRead(from, context, committed, Round));

    public bool TryTakeCommitted(out PendingRead read) => _awaitingCommit.TryDequeue(out read);

    /// <summary>Takes the oldest read whose round, or a later one, a quorum has answered.</summary>
    public bool TryTakeConfirmed(long round, out PendingRead read)
    {
        if (_confirming.TryPeek(out read) && read.Round <= round)
        {
            _confirming.Dequeue();
            return true;
        }

        return false;
    }

    /// <summary>Takes any read; used when leadership ends.</summary>
    public bool TryTakeAny(out PendingRead read) => _confirming.TryDequeue(out read) || _awaitingCommit.TryDequeue(out read);

    /// <summary>A new leadership: answers to rounds of an earlier one carry another term and never arrive here.</summary>
    public void Reset()
    {
        _confirming.Clear();
        _awaitingCommit.Clear();
        Round = 0;
        IsRoundOpen = false;
    }
}
