using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>
/// Sleep of an idle group (SAFETY-RULES B4). A sleeping replica is not ticked: it neither beats nor campaigns. The group falls asleep by its leader's
/// message, when every voter on a silo that answers holds and has applied everything. Whatever drives a sleeping replica wakes it; one that wakes
/// wakes its leader, and a leader that wakes beats, which wakes the rest. That a leader's silo is gone is noticed by lanes, not by groups.
/// </content>
internal sealed partial class Replica
{
    /// <summary>True while the replica needs no ticks; read from any thread.</summary>
    public bool IsAsleep => _isAsleep;

    /// <summary>A silo has been silent for an election timeout, or answers again, or answers in another life.</summary>
    public void PostSiloChanged(string silo, bool isLost) =>
        Post(new ReplicaWork(ReplicaWorkKind.SiloChanged, Silo: silo, Number: isLost ? 1 : 0));

    private ReplicaTasks Tasks => _tasks ??= new ReplicaTasks();

    private bool IsBusy => _tasks is { IsEmpty: false }
        || _appends.Count > 0
        || _toApply.Count > 0
        || _applying is not null
        || _install is not null
        || _isStopping
        || _node.Committed != _node.LastIndex
        || _applied != _node.LastIndex;

    // Anything that a group's work begins or ends with; beats and their answers are not.
    private void StayAwake() => _lastWorkTick = _ticks;

    private void SleepIfIdle()
    {
        if (_settings.SleepAfterTicks == 0 || _node.Role != RaftRole.Leader || _ticks - _lastWorkTick < _settings.SleepAfterTicks)
        {
            return;
        }

        // Looked at again after a while, not at every tick; and not in step with the node's check of its quorum, which begins with nobody heard.
        _lastWorkTick = _ticks - _settings.SleepAfterTicks + 3;
        if (IsBusy || _node.HasReady || !MaySleep(_node.Status()))
        {
            return;
        }

        var body = ClientCodec.Encode(new SleepBody(_node.Term, _node.LastIndex));
        foreach (var (replica, peer) in _peers)
        {
            if (replica != Id)
            {
                _outlet.TrySend(peer.Silo, LaneFrame.Of(Addresses(replica, peer.Life), LaneItemKind.Sleep, body));
            }
        }

        FallAsleep();
    }

    // Silos that don't answer don't count: they are brought up to date when they do, and then the group is woken.
    private bool MaySleep(RaftStatus status)
    {
        var awaited = 1;
        foreach (var peer in status.Peers)
        {
            if (peer.Id == Id || !_peers.TryGetValue(peer.Id, out var known) || !_settings.IsAlive(known.Silo))
            {
                continue;
            }

            if (peer.Match != status.LastIndex || !peer.IsRecentlyActive)
            {
                return false;
            }

            awaited += status.ConfState.Voters.Contains(peer.Id) ? 1 : 0;
        }

        return status.Transferee.IsNone && status.ConfState.VotersOutgoing.IsEmpty && awaited > status.ConfState.Voters.Length / 2;
    }

    private void OnSleepItem(string silo, in LaneItem item)
    {
        SleepBody body;
        try
        {
            body = ClientCodec.ReadSleep(item.Body);
        }
        catch (WireFormatException exception)
        {
            Drop(DropReason.Malformed, silo, exception.Message);
            return;
        }

        var isOwnLeaders = item.From == _node.Leader && body.Term == _node.Term && _peers.TryGetValue(item.From, out var peer) && peer.Life == item.FromLife;
        if (_node.Role == RaftRole.Follower && isOwnLeaders && body.LastIndex == _node.LastIndex && !IsBusy)
        {
            FallAsleep();
            return;
        }

        // It believes more of this replica than is so, or leads no more.
        SendWake(item.From, silo);
    }

    private void FallAsleep()
    {
        _isAsleep = true;
        LogSleep(_logger, Group, Id, _node.Term, "sleeps");
        Interlocked.Exchange(ref _ticksDue, 0);
        Shrink();
    }

    // Most groups sleep at most times. What room their last work needed is given back; the next work makes its own.
    private void Shrink()
    {
        _inbox.Shrink();
        _spareAppends.Clear();
        _spareAppends.TrimExcess();
        _appends.TrimExcess();
        _toApply.TrimExcess();
        if (_tasks is { IsEmpty: true })
        {
            _tasks = null;
        }

        _state.Sessions.Shrink();
        _node.Shrink();
    }

    private void WakeUp(bool isLeaderLost, string? wokenBy = null)
    {
        StayAwake();
        if (!_isAsleep)
        {
            return;
        }

        _isAsleep = false;
        _outlet.Woke(Group);
        LogSleep(_logger, Group, Id, _node.Term, isLeaderLost ? "wakes, its leader's silo is silent" : "wakes");
        var leader = _node.Leader;
        if (leader != Id && _peers.TryGetValue(leader, out var peer))
        {
            isLeaderLost |= !_settings.IsAlive(peer.Silo);
            if (!isLeaderLost && !string.Equals(peer.Silo, wokenBy, StringComparison.Ordinal))
            {
                SendWake(leader, peer.Silo);
            }
        }

        _node.Wake(isLeaderLost, _now);
    }

    private void SendWake(ReplicaId to, string silo) =>
        _outlet.TrySend(silo, LaneFrame.Of(Addresses(to, default), LaneItemKind.Wake, default));

    private void OnSiloChanged(string silo, bool isLost)
    {
        var isLeaders = isLost && _node.Leader != Id && _peers.TryGetValue(_node.Leader, out var leader) && string.Equals(leader.Silo, silo, StringComparison.Ordinal);
        if (_isAsleep)
        {
            WakeUp(isLeaders);
        }
        else if (isLeaders && _ticks - _leaderHeardTick >= _settings.Node.ElectionTicks / 2)
        {
            // The lane has been silent in one direction and the leader in the other: what is left to wait is the random part of the timeout.
            _node.Wake(isLeaderLost: true, _now);
        }
    }
}
