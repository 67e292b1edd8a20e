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
    // Rounds whose time is known, for leases. An answer that is later than so many heartbeats comes from a promise that is over anyway.
    private const int KnownRounds = 32;

    private readonly Queue<PendingRead> _confirming = [];
    private readonly Queue<PendingRead> _awaitingCommit = [];

    // Of a leader alone: empty until its first round.
    private TimeSpan[] _sentAt = [];

    /// <summary>Number of the latest round; 0 before the first.</summary>
    public long Round { get; private set; }

    /// <summary>The latest round's heartbeats have not left yet: a read that comes now is still before them.</summary>
    public bool IsRoundOpen { get; private set; }

    /// <summary>Reads that wait, for whatever.</summary>
    public int PendingCount => _confirming.Count + _awaitingCommit.Count;

    /// <summary>Reads that wait for the first commit of the term.</summary>
    public int AwaitingCommitCount => _awaitingCommit.Count;

    /// <summary>Starts a round whose heartbeats are sent not before <paramref name="now"/>.</summary>
    public long StartRound(TimeSpan now)
    {
        // A lease is reckoned from here. Time that went back would let it end later than the promises it rests on.
        Invariant.Holds(Round == 0 || now >= _sentAt[Round % KnownRounds], $"round {Round + 1} starts at {now}, before round {Round}");
        if (_sentAt.Length == 0)
        {
            _sentAt = new TimeSpan[KnownRounds];
        }

        Round++;
        _sentAt[Round % KnownRounds] = now;
        IsRoundOpen = true;
        return Round;
    }

    /// <summary>The heartbeats have been handed out. A read that comes now may be later than they are, and needs the next round.</summary>
    public void CloseRound() => IsRoundOpen = false;

    /// <summary>When a round's heartbeats were sent at the earliest; false for rounds too old to matter.</summary>
    public bool TryGetSentAt(long round, out TimeSpan sentAt)
    {
        var known = round > 0 && round <= Round && round > Round - KnownRounds;
        sentAt = known ? _sentAt[round % KnownRounds] : default;
        return known;
    }

    /// <summary>Keeps a read until the leader knows what is committed.</summary>
    public void AwaitCommit(ReplicaId from, long context) => _awaitingCommit.Enqueue(new PendingRead(from, context, 0, 0));

    /// <summary>Keeps a read until a quorum has answered the open round: then this replica was still leader after the read had come.</summary>
    public void AwaitRound(ReplicaId from, long context, long committed)
    {
        // Heartbeats that have left could be answered although a new leader was elected before the read came: a stale read.
        Invariant.Holds(IsRoundOpen, $"read {context} would be confirmed by round {Round}, whose heartbeats left before it came");
        Invariant.Holds(committed > 0, $"read {context} is taken by a leader that has committed nothing: it cannot know what the read must see");
        _confirming.Enqueue(new PendingRead(from, context, committed, Round));
    }

    /// <summary>Takes the oldest read that waited for the first commit.</summary>
    public bool TryTakeCommitted(out PendingRead read) => _awaitingCommit.TryDequeue(out read);

    /// <summary>Takes the oldest read whose round, or a later one, a quorum has answered.</summary>
    public bool TryTakeConfirmed(long round, out PendingRead read)
    {
        // In order: a round confirms all reads of earlier ones, so the oldest is never kept waiting by a younger one.
        Invariant.Holds(round >= 0, $"a quorum has answered round {round}");
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
        _sentAt = [];
        Round = 0;
        IsRoundOpen = false;
    }

    /// <summary>Gives room back that reads of a busy time needed.</summary>
    public void Shrink()
    {
        _confirming.TrimExcess();
        _awaitingCommit.TrimExcess();
    }

    /// <summary>What is always true of the reads that wait.</summary>
    public void AssertInvariants()
    {
        Invariant.Holds(Round >= 0, $"rounds start at 1: {Round}");
        Invariant.Holds(Round > 0 || !IsRoundOpen, $"no round is open: {Round}");
        var (round, index) = (0L, 0L);
        foreach (var read in _confirming)
        {
            Invariant.Holds(read.Round > 0 && read.Round <= Round, $"{read} waits for a round that never started, latest={Round}");
            Invariant.Holds(read.Round >= round, $"{read} would be confirmed after a later one");
            Invariant.Holds(read.Index >= index, $"{read} sees less than an earlier one");
            (round, index) = (read.Round, read.Index);
        }

        foreach (var read in _awaitingCommit)
        {
            Invariant.Holds(read.Round == 0 && read.Index == 0, $"{read} has an index from before the first commit");
        }
    }
}
