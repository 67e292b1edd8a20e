using System;

namespace Orleans.Raft.Core;

/// <summary>What a leader knows about one replica's log, itself included, and how it sends to it.</summary>
internal sealed class PeerProgress
{
    private readonly Inflights _inflights;

    // Highest commit index sent; what was sent to a log that did not match may not have been taken, so it is bounded by Next - 1.
    private long _sentCommit;

    public PeerProgress(ReplicaId id, long match, long next, bool isLearner, int maxInflightMessages, long maxInflightBytes)
    {
        Invariant.Holds(match >= 0 && match < next, $"peer={id} joins with match={match} next={next}");
        Id = id;
        Match = match;
        Next = next;
        IsLearner = isLearner;
        _inflights = new Inflights(maxInflightMessages, maxInflightBytes);
    }

    public ReplicaId Id { get; }

    /// <summary>Highest index known to be durable there, in agreement with the leader's log. Below <see cref="Next"/>.</summary>
    public long Match { get; private set; }

    /// <summary>First index to send next.</summary>
    public long Next { get; private set; }

    public ProgressState State { get; private set; }

    /// <summary>Index of the snapshot on its way, in state Snapshot.</summary>
    public long PendingSnapshot { get; private set; }

    public bool IsLearner { get; internal set; }

    /// <summary>Heard from since the last quorum check.</summary>
    public bool IsRecentlyActive { get; internal set; }

    /// <summary>A probe is out, or the window is full: wait for an answer or a heartbeat's answer.</summary>
    public bool IsFlowPaused { get; internal set; }

    /// <summary>Latest round of heartbeats that it answered in this term.</summary>
    public long AnsweredRound { get; private set; }

    /// <summary>Leader's monotonic time until which it will not vote, as far as its answers say.</summary>
    public TimeSpan PromisedUntil { get; private set; } = TimeSpan.MinValue;

    public Inflights Inflights => _inflights;

    public bool IsPaused => State switch
    {
        ProgressState.Probe or ProgressState.Replicate => IsFlowPaused,
        ProgressState.Snapshot => true,
    };

    /// <summary>A new term: nothing is known.</summary>
    public void Reset(long match, long next)
    {
        Invariant.Holds(match >= 0 && match < next, $"peer={Id} starts a term with match={match} next={next}");
        EnterState(ProgressState.Probe);
        Match = match;
        Next = next;
        _sentCommit = 0;
        IsRecentlyActive = false;
        AnsweredRound = 0;
        PromisedUntil = TimeSpan.MinValue;
    }

    /// <summary>An answer to a round; answers overtake each other, so the latest counts.</summary>
    public void AnsweredHeartbeat(long round)
    {
        Invariant.Holds(round > 0, $"{this} answers round {round}, and rounds start at 1");
        AnsweredRound = Math.Max(AnsweredRound, round);
    }

    /// <summary>A promise not to vote; it is never taken back, so the longest counts.</summary>
    public void Promised(TimeSpan until) => PromisedUntil = until > PromisedUntil ? until : PromisedUntil;

    /// <summary>Something was lost, or a snapshot has arrived: one message, then wait.</summary>
    public void BecomeProbe()
    {
        // The snapshot that was on its way may have arrived: probe behind it.
        var next = State is ProgressState.Snapshot ? Math.Max(Match + 1, PendingSnapshot + 1) : Match + 1;
        EnterState(ProgressState.Probe);
        RegressTo(next);
    }

    /// <summary>The logs agree up to <see cref="Match"/>: send without waiting.</summary>
    public void BecomeReplicate()
    {
        // From behind what is matched, though more may be on its way: what arrives twice is ignored there, and what was lost would be missed.
        EnterState(ProgressState.Replicate);
        Next = Match + 1;
    }

    /// <summary>The log does not reach back to what the peer lacks.</summary>
    public void BecomeSnapshot(long index)
    {
        Invariant.Holds(index > 0, $"the snapshot for {this} is empty");
        Invariant.Holds(index > Match, $"snapshot {index} holds nothing that {this} lacks. Is the stored snapshot older than the log's start?");
        EnterState(ProgressState.Snapshot);
        PendingSnapshot = index;
        Next = index + 1;
        _sentCommit = index;
    }

    /// <summary>The snapshot did not arrive. Probe from Match, not from behind a snapshot that was never applied.</summary>
    public void AbortSnapshot()
    {
        // In this order: BecomeProbe looks behind a snapshot that is on its way (etcd's comment in stepLeader warns of the same).
        Invariant.Holds(State is ProgressState.Snapshot, $"no snapshot is on its way that could be lost: {this}");
        PendingSnapshot = 0;
        BecomeProbe();
        Invariant.Holds(Next == Match + 1, $"probed behind a snapshot that never arrived: {this}");
    }

    /// <summary>A message with this many entries has been sent.</summary>
    public void SentEntries(int count, long bytes)
    {
        Invariant.Holds(count >= 0 && bytes >= 0, $"{count} entries of {bytes} bytes");
        switch (State)
        {
            case ProgressState.Replicate:
                if (count > 0)
                {
                    Next += count;
                    _inflights.Add(Next - 1, bytes);
                }

                // Optimistically: Next moves at once, not when the answer comes, so that the next message need not wait for it.
                // A message that fills the window, or an empty one that goes out with a full window, is the last until something is heard.
                IsFlowPaused = _inflights.IsFull;
                break;
            case ProgressState.Probe:
                // One message with entries at a time. An empty one costs nothing and may carry news of what is committed, so it does not count.
                IsFlowPaused |= count > 0;
                break;
            case ProgressState.Snapshot:
                Invariant.Holds(false, $"peer={this} gets no entries while it waits for a snapshot");
                break;
        }
    }

    /// <summary>A message with this commit index has been sent; it may not arrive, and the next heartbeat tells it again.</summary>
    public void SentCommit(long commit) => _sentCommit = commit;

    /// <summary>True when the peer could commit more than it has been told.</summary>
    public bool CanBumpCommit(long committed) => committed > _sentCommit && _sentCommit < Next - 1;

    /// <summary>True when the peer was not told of the commit index, whether its log reaches it or not.</summary>
    public bool IsUnawareOf(long committed) => committed > _sentCommit;

    /// <summary>An acknowledgement. False when it is old: acknowledgements overtake each other, and Match never falls within a term.</summary>
    public bool TryUpdate(long index)
    {
        if (index <= Match)
        {
            return false;
        }

        // Next may run ahead of it by what is in flight, but what is acknowledged is never sent again.
        Match = index;
        Next = Math.Max(Next, index + 1);
        IsFlowPaused = false;
        Invariant.Holds(Match < Next, $"what is matched would be sent again: {this}");
        return true;
    }

    /// <summary>A rejection of the append behind <paramref name="rejected"/>. False when it is old news.</summary>
    public bool TryDecreaseTo(long rejected, long hint)
    {
        Invariant.Holds(rejected >= 0 && hint >= 0, $"{this} rejects what is behind {rejected} and hints at {hint}");
        if (State is ProgressState.Replicate)
        {
            if (rejected <= Match)
            {
                // It has acknowledged that since, or before: messages overtake each other.
                return false;
            }

            // To Match, not to the rejected index: the rejection may be older than the acknowledgement that set Match, and Next must stay above it.
            RegressTo(Match + 1);
            return true;
        }

        if (Next - 1 != rejected)
        {
            // One probe is out at a time, so a rejection of another place is of an earlier one.
            return false;
        }

        // At least one step back, or leader and follower could go on like this for ever, and never below what is matched.
        RegressTo(Math.Max(Math.Min(rejected, hint + 1), Match + 1));
        IsFlowPaused = false;
        return true;
    }

    /// <summary>What is always true of a peer, as its leader sees it.</summary>
    public void AssertInvariants()
    {
        Invariant.Holds(Match >= 0, $"nothing lies before the first index: {this}");
        Invariant.Holds(Match < Next, $"what is matched is never sent again: {this}");
        Invariant.Holds(PendingSnapshot == 0 || State is ProgressState.Snapshot, $"a snapshot is on its way in the wrong state: {this}");
        Invariant.Holds(_inflights.Count == 0 || State is ProgressState.Replicate, $"only in Replicate several messages are in flight: {this}");
        Invariant.Holds(_sentCommit >= 0, $"told commit={_sentCommit}");
        Invariant.Holds(AnsweredRound >= 0, $"answered round {AnsweredRound}");
        Invariant.Holds(!IsLearner || !Id.IsNone, $"a learner without a number");
        _inflights.AssertInvariants(Match, Next);
    }

    public override string ToString() => Status().ToString();

    public PeerStatus Status() => new(
        Id, State, Match, Next, IsLearner, IsPaused, PendingSnapshot, IsRecentlyActive, _inflights.Count, _inflights.Bytes, _inflights.IsFull);

    // Nothing of the former state's bookkeeping means anything in the next one.
    private void EnterState(ProgressState state)
    {
        State = state;
        IsFlowPaused = false;
        PendingSnapshot = 0;
        _inflights.Reset();
    }

    private void RegressTo(long next)
    {
        Invariant.Holds(next > Match, $"back to {next}, which {this} has acknowledged");

        // What was told in messages that the peer could not take, it does not know.
        Next = next;
        _sentCommit = Math.Min(_sentCommit, next - 1);
    }
}
