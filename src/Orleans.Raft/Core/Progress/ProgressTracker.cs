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

    /// <summary>Answers counted in the election that is going on.</summary>
    public int VoteCount => _votes.Count;

    /// <summary>By position, for loops in which sending may change what is looked at.</summary>
    public PeerProgress At(int position) => _peers[position];

    /// <summary>Progress of a member, or null for everybody else.</summary>
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

    /// <summary>Progress of a newcomer. Nothing is known of its log, so it is probed from the end; its rejection tells where it really stands.</summary>
    public PeerProgress NewPeer(ReplicaId id, long lastIndex, bool isLearner) =>
        new(id, 0, Math.Max(lastIndex, 1), isLearner, maxInflightMessages, maxInflightBytes)
        {
            // Heard from, so to speak: else the next quorum check could unseat the leader before the newcomer had a chance to answer.
            IsRecentlyActive = true,
        };

    /// <summary>Another configuration takes effect, whole: nobody ever sees half of a change.</summary>
    public void Install(MembershipConfig config, PeerProgress[] peers)
    {
        // Who votes must have progress, or it would be counted as having nothing and never be sent anything.
        Invariant.Holds(config.Voters.Incoming.Count <= peers.Length, $"{peers.Length} members for {config}");
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

    /// <summary>A new election, or none: answers to an earlier one must not count in it.</summary>
    public void ResetVotes() => _votes.Clear();

    /// <summary>Counts a vote; only the first answer of a voter counts.</summary>
    public VoteResult RecordVote(ReplicaId voter, bool granted)
    {
        // A vote once given is durable where it was given, so a second answer that differs is a late one of another question (etcd keeps the first too).
        Invariant.Holds(!voter.IsNone && !voter.IsLocalThread, $"{voter} is nobody who votes in {Config}");
        _votes.TryAdd(voter, granted);
        return Config.Voters.VoteResult(new VoteIn(_votes));
    }

    /// <summary>The configuration as it is stored.</summary>
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

    /// <summary>What is always true of a configuration and the progress of its members.</summary>
    public void AssertInvariants()
    {
        Config.AssertInvariants();
        for (var i = 0; i < _peers.Length; i++)
        {
            var peer = _peers[i];
            Invariant.Holds(i == 0 || _peers[i - 1].Id.CompareTo(peer.Id) < 0, $"members ascend and are distinct: {peer.Id} at {i}");
            Invariant.Holds(Config.Voters.Contains(peer.Id) != peer.IsLearner, $"{peer} votes and learns, or neither, in {Config}");
            Invariant.Holds(!peer.IsLearner || Config.Learners.Contains(peer.Id), $"{peer} is no learner of {Config}");
            peer.AssertInvariants();
        }

        // Who is counted must be sent to, or a quorum could never be reached.
        foreach (var voter in Config.Voters.Incoming.Voters)
        {
            Invariant.Holds(Find(voter) is not null, $"voter {voter} of {Config} has no progress");
        }

        foreach (var voter in Config.Voters.Outgoing.Voters)
        {
            Invariant.Holds(Find(voter) is not null, $"outgoing voter {voter} of {Config} has no progress");
        }

        foreach (var learner in Config.Learners)
        {
            Invariant.Holds(Find(learner) is not null, $"learner {learner} of {Config} has no progress");
        }
    }

    // Structs instead of delegates: quorums are counted with every acknowledgement, and a delegate would be garbage each time.
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
