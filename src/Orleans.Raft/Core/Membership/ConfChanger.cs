using System;
using System.Collections.Generic;
using System.Collections.Immutable;

namespace Orleans.Raft.Core;

/// <summary>
/// Works out the configuration that follows from a change (Raft §6; thesis §4.1, §4.3), on a copy: nothing happens to the tracker unless the
/// change is possible.
/// </summary>
internal sealed class ConfChanger
{
    private readonly ProgressTracker _tracker;
    private readonly long _lastIndex;
    private readonly SortedSet<ReplicaId> _incoming;
    private readonly SortedSet<ReplicaId> _outgoing;
    private readonly SortedSet<ReplicaId> _learners;
    private readonly SortedSet<ReplicaId> _learnersNext;
    private readonly SortedDictionary<ReplicaId, Member> _members = [];
    private bool _autoLeave;

    private ConfChanger(ProgressTracker tracker, long lastIndex)
    {
        _tracker = tracker;
        _lastIndex = lastIndex;
        _incoming = [.. tracker.Config.Voters.Incoming.Voters];
        _outgoing = [.. tracker.Config.Voters.Outgoing.Voters];
        _learners = [.. tracker.Config.Learners];
        _learnersNext = [.. tracker.Config.LearnersNext];
        _autoLeave = tracker.Config.AutoLeave;
        foreach (var peer in tracker.Peers)
        {
            _members.Add(peer.Id, new Member(peer, peer.IsLearner));
        }
    }

    /// <summary>Applies a change to the tracker. Returns null, or why the change is impossible.</summary>
    public static string? TryApply(ProgressTracker tracker, long lastIndex, ConfChangeV2 change)
    {
        var changer = new ConfChanger(tracker, lastIndex);
        return changer.Work(change) is { } problem ? problem : changer.Finish();
    }

    /// <summary>Whether a change could be applied to the tracker now. Returns null, or why not.</summary>
    public static string? Check(ProgressTracker tracker, ConfChangeV2 change) => new ConfChanger(tracker, 0).Work(change);

    /// <summary>Makes the tracker hold a stored configuration, at a start or from a snapshot. Null, or why what is stored is none.</summary>
    public static string? Restore(ProgressTracker tracker, long lastIndex, ConfState state)
    {
        tracker.Install(MembershipConfig.Empty, []);
        // From nothing, not from the configuration at hand: what a snapshot does not name is not a member, and progress made in another one means nothing.
        var changer = new ConfChanger(tracker, lastIndex);
        changer._incoming.UnionWith(state.Voters);
        changer._outgoing.UnionWith(state.VotersOutgoing);
        changer._learners.UnionWith(state.Learners);
        changer._learnersNext.UnionWith(state.LearnersNext);
        changer._autoLeave = state.AutoLeave;
        foreach (var voter in state.Voters.AddRange(state.VotersOutgoing))
        {
            changer._members.TryAdd(voter, new Member(null, false));
        }

        foreach (var learner in state.Learners)
        {
            changer._members.TryAdd(learner, new Member(null, true));
        }

        return changer.Finish();
    }

    internal static string? TryEnterJoint(ProgressTracker tracker, long lastIndex, bool autoLeave, ImmutableArray<ConfChangeSingle> changes)
    {
        var changer = new ConfChanger(tracker, lastIndex);
        return changer.EnterJoint(autoLeave, changes) ?? changer.Finish();
    }

    internal static string? TryLeaveJoint(ProgressTracker tracker, long lastIndex)
    {
        var changer = new ConfChanger(tracker, lastIndex);
        return changer.LeaveJoint() ?? changer.Finish();
    }

    internal static string? TrySimple(ProgressTracker tracker, long lastIndex, ImmutableArray<ConfChangeSingle> changes)
    {
        var changer = new ConfChanger(tracker, lastIndex);
        return changer.Simple(changes) ?? changer.Finish();
    }

    // No change at all leaves a joint configuration; several voters, or the wish for it, enter one; what is left is simple (thesis §4.3).
    private string? Work(ConfChangeV2 change) =>
        change.LeavesJoint ? LeaveJoint()
        : change.EntersJoint ? EnterJoint(change.Transition is not ConfChangeTransition.JointExplicit, change.Changes)
        : Simple(change.Changes);

    // The old configuration becomes the outgoing half, whole; the changes are made to the incoming half.
    private string? EnterJoint(bool autoLeave, ImmutableArray<ConfChangeSingle> changes)
    {
        if (_outgoing.Count > 0)
        {
            return "the configuration is joint already";
        }

        if (_incoming.Count == 0)
        {
            return "a configuration without voters cannot become joint";
        }

        // Both halves begin equal. So the first joint configuration needs no more than the old one did, and nothing that is committed gets lost on the way.
        _outgoing.UnionWith(_incoming);
        Invariant.Holds(_learnersNext.Count == 0 && !_autoLeave, $"something of an earlier joint configuration is left: {_tracker.Config}");
        var problem = Apply(changes);
        _autoLeave = autoLeave;
        return problem;
    }

    // What was put off while the outgoing half still voted happens now, and who is left in no half goes.
    private string? LeaveJoint()
    {
        if (_outgoing.Count == 0)
        {
            return "the configuration is not joint";
        }

        foreach (var id in _learnersNext)
        {
            Invariant.Holds(_members.ContainsKey(id), $"{id} is to be demoted and is no member: {_tracker.Config}");
            _learners.Add(id);
            _members[id].IsLearner = true;
        }

        _learnersNext.Clear();
        foreach (var id in _outgoing)
        {
            if (!_incoming.Contains(id) && !_learners.Contains(id))
            {
                _members.Remove(id);
            }
        }

        _outgoing.Clear();
        _autoLeave = false;
        return null;
    }

    // One voter at a time, so that any majority of before and any of after have one in common.
    private string? Simple(ImmutableArray<ConfChangeSingle> changes)
    {
        if (_outgoing.Count > 0)
        {
            return "the configuration is joint";
        }

        var before = new SortedSet<ReplicaId>(_incoming);
        if (Apply(changes) is { } problem)
        {
            return problem;
        }

        // Majorities of two sets that differ in one voter overlap; with more they need not (thesis §4.1).
        before.SymmetricExceptWith(_incoming);
        return before.Count > 1 ? "more than one voter changes without a joint configuration" : null;
    }

    // In the order in which they are written, each on what the one before left: adding and removing the same replica is allowed and does nothing. Etcd's
    // order too, so that the same entry gives the same configuration in both.
    private string? Apply(ImmutableArray<ConfChangeSingle> changes)
    {
        foreach (var change in changes)
        {
            if (change.Replica.IsNone)
            {
                // The host's way to reject a change that is committed already: it happens, to nobody, on every replica.
                continue;
            }

            switch (change.Type)
            {
                case ConfChangeType.AddNode:
                    MakeVoter(change.Replica);
                    break;
                case ConfChangeType.AddLearnerNode:
                    MakeLearner(change.Replica);
                    break;
                case ConfChangeType.RemoveNode:
                    Remove(change.Replica);
                    break;
                case ConfChangeType.UpdateNode:
                    // Its address or the like: the host reads that from the entry's context.
                    break;
                default:
                    return $"unknown operation {change.Type}";
            }
        }

        // Nothing could ever be committed again, not even the way back.
        return _incoming.Count == 0 ? "no voter would be left" : null;
    }

    // A learner that is promoted keeps its progress: what it has acknowledged counts at once.
    private void MakeVoter(ReplicaId id)
    {
        _learners.Remove(id);
        _learnersNext.Remove(id);
        _incoming.Add(id);
        if (_members.TryGetValue(id, out var member))
        {
            member.IsLearner = false;
        }
        else
        {
            _members.Add(id, new Member(null, false));
        }
    }

    // A newcomer, a voter that is demoted, or one who is it already. A voter of the outgoing half becomes a learner later, when that half is left (thesis
    // §4.2.1 has learners; etcd adds learners-next for this case).
    private void MakeLearner(ReplicaId id)
    {
        if (!_members.TryGetValue(id, out var member))
        {
            _learners.Add(id);
            _members.Add(id, new Member(null, true));
            return;
        }

        if (member.IsLearner)
        {
            // Already; to begin anew would forget what it has acknowledged.
            return;
        }

        // Its progress stays: it has acknowledged what it has, whether that counts or not.
        Remove(id);
        _members[id] = member;
        if (_outgoing.Contains(id))
        {
            // It still votes in the outgoing half, and nobody may be voter and learner at once.
            _learnersNext.Add(id);
        }
        else
        {
            member.IsLearner = true;
            _learners.Add(id);
        }
    }

    // Whoever the outgoing half still counts is still sent to: it may be needed for a quorum until the joint configuration is left.
    private void Remove(ReplicaId id)
    {
        _incoming.Remove(id);
        _learners.Remove(id);
        _learnersNext.Remove(id);
        if (!_outgoing.Contains(id))
        {
            _members.Remove(id);
        }
    }

    /// <summary>The copy takes effect, if it is a configuration at all.</summary>
    private string? Finish()
    {
        if (CheckInvariants() is { } problem)
        {
            return problem;
        }

        var peers = new PeerProgress[_members.Count];
        var position = 0;
        foreach (var (id, member) in _members)
        {
            var peer = member.Existing ?? _tracker.NewPeer(id, _lastIndex, member.IsLearner);
            Invariant.Holds(peer.Id == id, $"progress of {peer} stands for {id}");
            peer.IsLearner = member.IsLearner;
            peers[position++] = peer;
        }

        Invariant.Holds(position == peers.Length, $"{position} of {peers.Length} members have progress");

        // All at once at the end: a problem found on the way has changed nothing, and nobody ever counts in half of a change.
        var voters = new JointConfig(new MajorityConfig([.. _incoming]), new MajorityConfig([.. _outgoing]));
        _tracker.Install(new MembershipConfig(voters, [.. _learners], [.. _learnersNext], _autoLeave), peers);
        return null;
    }

    // As a refusal, not as a fault: what is proposed, or stored, may be nonsense without this replica being broken.
    private string? CheckInvariants()
    {
        foreach (var (id, member) in _members)
        {
            if (id.IsNone || id.IsLocalThread || id.Value < 0)
            {
                return $"{id.Value} is no replica number";
            }

            var votes = _incoming.Contains(id) || _outgoing.Contains(id);
            if (_learners.Contains(id) ? votes || !member.IsLearner : !votes)
            {
                return $"replica {id} must be either voter or learner";
            }
        }

        foreach (var id in _learnersNext)
        {
            if (!_outgoing.Contains(id) || _incoming.Contains(id) || _learners.Contains(id))
            {
                return $"replica {id} can be demoted on leaving only if the outgoing half alone has it";
            }
        }

        return _outgoing.Count == 0 && (_learnersNext.Count > 0 || _autoLeave)
            ? "only a joint configuration has learners-next or is left by itself"
            : null;
    }

    // A member of the copy. Its progress is the tracker's own object, which is not touched before the change is known to be possible.
    private sealed class Member(PeerProgress? existing, bool isLearner)
    {
        public PeerProgress? Existing { get; } = existing;

        public bool IsLearner { get; set; } = isLearner;
    }
}
