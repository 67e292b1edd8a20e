using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;

namespace Orleans.Raft.Core;

/// <summary>The configuration in force, the progress of everybody in it, and the votes of the election that is going on.</summary>
internal sealed class ProgressTracker(int maxInflightMessages, long maxInflightBytes)
{
    private readonly Dictionary<ReplicaId, bool> _votes = [];
    private PeerProgress[] _peers = [];

    public MembershipConfig Config { get; private set; } = MembershipConfig.Empty;

    /// <summary>Everybody in the configuration, this replica included, by ascending id.</summary>
    public ReadOnlySpan<PeerProgress> Peers => _peers;

    public int Count => _peers.Length;

    public PeerProgress At(int position) => _peers[position];

    public PeerProgress? Find(ReplicaId id)
    {
        // Linear: a group has a handful of replicas.
        foreach (var peer in _peers)
        {
            if (peer.Id == id)
            {
                return peer;
            }
        }

        return null;
    }

    public PeerProgress NewPeer(ReplicaId id, long lastIndex, bool isLearner) =>
        new(id, 0, Math.Max(lastIndex, 1), isLearner, maxInflightMessages, maxInflightBytes)
        {
            // Heard from, so to speak: else the next quorum check could unseat the leader before the newcomer had a chance to answer.
            IsRecentlyActive = true,
        };

    public void Install(MembershipConfig config, PeerProgress[] peers)
    {
        Config = config;
        _peers = peers;
    }

    /// <summary>The highest index that a quorum has acknowledged as durable.</summary>
    public long Committed() => Config.Voters.CommittedIndex(new MatchOf(this));

    /// <summary>The latest round of heartbeats that a quorum has answered. The leader needs no answer of itself.</summary>
    public long AnsweredRound(ReplicaId self) => Config.Voters.CommittedIndex(new RoundOf(this, self));

    /// <summary>Until when no other leader can be elected without a transfer: the least promise of a quorum (SAFETY-RULES A14).</summary>
    public TimeSpan LeaseEnd(ReplicaId self) => TimeSpan.FromTicks(Config.Voters.CommittedIndex(new PromiseOf(this, self)));

    /// <summary>True when a quorum was heard from since the last check. Learners don't count.</summary>
    public bool IsQuorumActive() => Config.Voters.VoteResult(new ActivityOf(this)) is VoteResult.Won;

    public void ResetVotes() => _votes.Clear();

    /// <summary>Counts a vote; only the first answer of a voter counts.</summary>
    public VoteResult RecordVote(ReplicaId voter, bool granted)
    {
        _votes.TryAdd(voter, granted);
        return Config.Voters.VoteResult(new VoteIn(_votes));
    }

    public ConfState ConfState() => new()
    {
        Voters = [.. Config.Voters.Incoming.Voters],
        VotersOutgoing = [.. Config.Voters.Outgoing.Voters],
        Learners = [.. Config.Learners],
        LearnersNext = [.. Config.LearnersNext],
        AutoLeave = Config.AutoLeave,
    };

    public string Describe()
    {
        var text = new StringBuilder(Config.ToString());
        foreach (var peer in _peers)
        {
            text.Append('\n').Append(peer);
        }

        return text.ToString();
    }

    private readonly struct MatchOf(ProgressTracker tracker) : IReplicaIndex
    {
        public long IndexOf(ReplicaId id) => tracker.Find(id)?.Match ?? 0;
    }

    private readonly struct RoundOf(ProgressTracker tracker, ReplicaId self) : IReplicaIndex
    {
        public long IndexOf(ReplicaId id) => id == self ? long.MaxValue : tracker.Find(id)?.AnsweredRound ?? 0;
    }

    private readonly struct PromiseOf(ProgressTracker tracker, ReplicaId self) : IReplicaIndex
    {
        public long IndexOf(ReplicaId id) => id == self ? long.MaxValue : tracker.Find(id)?.PromisedUntil.Ticks ?? long.MinValue;
    }

    private readonly struct ActivityOf(ProgressTracker tracker) : IReplicaVotes
    {
        public bool? VoteOf(ReplicaId id) => tracker.Find(id)?.IsRecentlyActive;
    }

    private readonly struct VoteIn(Dictionary<ReplicaId, bool> votes) : IReplicaVotes
    {
        public bool? VoteOf(ReplicaId id) => votes.TryGetValue(id, out var granted) ? granted : null;
    }
}
