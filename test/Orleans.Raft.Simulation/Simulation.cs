namespace Orleans.Raft.Simulation;

/// <summary>One seed, from founding to the proof that the group came back.</summary>
internal sealed class Simulation
{
    /// <summary>Operations that a seed does at least.</summary>
    private const int MinOperations = 100;

    /// <summary>
    /// The promise is four election timeouts. Without pre-vote whoever campaigns costs the others their timers, also one whose log is too old to win or who
    /// splits the vote, so each timeout recovers with a probability only, and no number of them is sure (Raft §5.2, §9.3). Of such seeds 99 in 100 must keep
    /// the promise (<see cref="Recoveries"/>). A single one has this many: measured, about one in three of those that need one more timeout need yet another.
    /// </summary>
    private const int TimeoutsWithoutPreVote = 24;

    private const int Timeouts = Recoveries.PromisedTimeouts;

    /// <summary>Election timeouts after which every member must have caught up.</summary>
    private const int TimeoutsToConverge = 60;

    private readonly SimWorld _world;
    private readonly Nemesis _nemesis;
    private readonly Admin _admin;
    private readonly Client _client;
    private long _disturbedAt;
    private long _recoveredAt;

    public Simulation(ulong seed, Story story, SimSwitches switches)
    {
        _world = new SimWorld(seed, story, switches);
        _nemesis = new Nemesis(_world);
        _admin = new Admin(_world);
        _client = new Client(_world);
    }

    public SimTotals Totals => _world.Totals;

    /// <exception cref="SimViolationException">A property did not hold.</exception>
    public void Run()
    {
        _world.Found();
        _client.Schedule();
        _nemesis.Schedule();
        _admin.Schedule();
        while (Totals.Steps < _world.Settings.Steps || Totals.Operations < MinOperations)
        {
            Step();
        }

        Heal();
        Recover();
        Converge();
    }

    private void Heal()
    {
        _disturbedAt = _nemesis.Heal();
    }

    /// <summary>Until a write that was asked after the last disturbance is acknowledged.</summary>
    private void Recover()
    {
        var timeouts = _world.Settings.PreVote ? Timeouts : TimeoutsWithoutPreVote;
        while (_world.LastAcknowledgedOperation < _client.FirstOperationAfterHealing)
        {
            Step();
            Settle();
            RequireBy(_disturbedAt + (timeouts * _world.Settings.ElectionTimeout),
                $"within {timeouts} election timeouts after the last fault there is a leader and proposals commit");
        }

        _recoveredAt = _world.Now;
        Totals.SlowestRecovery = (double)Math.Max(0, _recoveredAt - _disturbedAt) / _world.Settings.ElectionTimeout;
        (_world.Settings.PreVote ? Totals.WithPreVote : Totals.WithoutPreVote).Add(Totals.SlowestRecovery);
        _world.Story.Say(_world.Now, 0, $"recovered after {(_recoveredAt - _disturbedAt) / 1000.0:F1} ms");
    }

    /// <summary>Until every member has applied what is committed by now, no joint configuration is left that should leave by itself, and no read is forgotten.</summary>
    private void Converge()
    {
        var target = _world.Checker.CommittedIndex;
        var start = Math.Max(_world.Now, _disturbedAt);
        while (!HasConverged(target))
        {
            Step();
            if (Settle())
            {
                start = _world.Now;
            }

            RequireBy(start + (TimeoutsToConverge * _world.Settings.ElectionTimeout),
                $"every member catches up, reads that were taken are answered or refused, and automatic joint configurations are left (index {target}, configuration {_world.LatestConfig})");
        }
    }

    private bool HasConverged(long target)
    {
        if (_world.LatestConfig is { IsJoint: true, AutoLeave: true })
        {
            return false;
        }

        for (var number = 1; number <= _world.ReplicaCount; number++)
        {
            if (_world.IsMember(number) && _world.Replica(number).StateMachine.Current.Id.Index < target)
            {
                return false;
            }

            if (_world.Replica(number) is { IsUp: true } replica && replica.Forgotten(_world.Network.HealedAt) is not null)
            {
                // Whoever has taken a read says what became of it, also if its leadership ends; only a crash or a lost message leaves a client without an answer.
                return false;
            }
        }

        return true;
    }

    /// <summary>A configuration that was under way at the healing still takes effect, and what it removes is ended: that is the last fault then.</summary>
    private bool Settle()
    {
        _world.FlushAll();
        if (!_admin.RetireRemoved(permille: 1000) && _world.LatestConfigAt <= _disturbedAt)
        {
            return false;
        }

        Disturbed();
        return true;
    }

    private void Disturbed() => _disturbedAt = Math.Max(_disturbedAt, _world.Now);

    private void RequireBy(long deadline, string promise)
    {
        if (_world.Now > deadline)
        {
            throw new SimViolationException("liveness", $"{promise}; it is {_world.Now / 1000.0:F1} ms");
        }
    }

    private void Step()
    {
        var happening = _world.Events.Take();
        Totals.Steps++;
        if (happening.Replica == 0)
        {
            StepCluster(happening);
            return;
        }

        var replica = _world.Replica(happening.Replica);
        if (happening.Kind == EventKind.Restart)
        {
            if (!replica.IsUp && !replica.IsRetired)
            {
                replica.Start();
                Finish(replica);
            }

            return;
        }

        if (!replica.IsUp || (happening.Life != 0 && happening.Life != replica.Life))
        {
            return;
        }

        if (replica.IsPaused)
        {
            // What comes to a stopped process waits in different queues, its clients' not behind its peers': any of it may be seen first.
            var at = replica.PausedUntil + _world.Random.Below(SimSettings.Tick / 20);
            _world.Events.Add(at, happening.Kind, happening.Replica, happening.Life, happening.Payload);
            return;
        }

        StepReplica(replica, happening);
        Finish(replica);
    }

    private void StepReplica(SimReplica replica, in SimEvent happening)
    {
        switch (happening.Kind)
        {
            case EventKind.Tick:
                replica.Tick();
                break;
            case EventKind.Deliver:
                Deliver(replica, (Envelope)happening.Payload!);
                break;
            case EventKind.DiskDone:
                replica.OnDiskDone();
                break;
            case EventKind.ApplyDone:
                replica.OnApplyDone();
                break;
            case EventKind.LaneReport:
                replica.OnLaneReport((LaneReport)happening.Payload!);
                break;
            case EventKind.Client:
                _client.Arrive(replica, (ClientRequest)happening.Payload!);
                break;
            case EventKind.Fault:
                _nemesis.Crash(replica);
                break;
            default:
                throw new InvalidOperationException($"{happening.Kind} is no event of a replica");
        }
    }

    private void StepCluster(in SimEvent happening)
    {
        switch (happening.Kind)
        {
            case EventKind.Client:
                _client.Act();
                break;
            case EventKind.Fault when !_world.IsHealed:
                _nemesis.Strike(happening.Payload as Blow?);
                break;
            case EventKind.Admin when !_world.IsHealed:
                if (_admin.Act(happening.Payload as Blow?) is { } touched)
                {
                    Finish(touched);
                }

                break;
        }
    }

    /// <summary>What was sent before the healing and has not come by then is lost: its lateness would be a fault after the last one.</summary>
    private void Deliver(SimReplica replica, Envelope envelope)
    {
        if (envelope.SentAt >= _world.Network.HealedAt || !_world.IsHealed)
        {
            replica.Receive(envelope);
        }
    }

    private void Finish(SimReplica replica)
    {
        _world.Checker.AfterStep(replica);
        replica.Drain();
        _nemesis.AfterStep(replica);
    }
}
