using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>What operators and the host's upkeep do: membership, transfers, compaction.</summary>
internal sealed class Admin
{
    private readonly SimWorld _world;

    public Admin(SimWorld world) => _world = world;

    private SimRandom Random => _world.Random;

    public void Schedule() =>
        _world.Events.Add(_world.Now + Random.Between(1, 2 * _world.Settings.AdminEvery), EventKind.Admin, 0, 0);

    /// <summary>Does something to one replica, and returns it so that its work is taken.</summary>
    /// <param name="hurry">What follows from something that has just happened; the ordinary course of things goes on beside it.</param>
    public SimReplica? Act(Blow? hurry)
    {
        if (hurry is { } blow)
        {
            return blow == Blow.HurriedCampaign ? Campaign() : ChangeConfiguration();
        }

        Schedule();
        _world.Totals.Operations++;
        RetireRemoved(permille: 200);
        var roll = Random.Below(100);
        return roll switch
        {
            < 36 => Compact(),
            < 76 => ChangeConfiguration(),
            < 88 => Transfer(),
            < 95 => Campaign(),
            _ => ForgetLeader(),
        };
    }

    /// <summary>
    /// Ends removed replicas, but not before a majority of the configuration without them has it durably: until then a survivor
    /// may still need the removed one's vote to learn that it is gone.
    /// </summary>
    public bool RetireRemoved(int permille)
    {
        var retired = false;
        for (var number = 1; number <= _world.ReplicaCount; number++)
        {
            var replica = _world.Replica(number);
            if (!replica.IsRetired && _world.WasMember(number) && !_world.IsMember(number)
                && IsSettled(_world.LatestConfig.Voters) && IsSettled(_world.LatestConfig.VotersOutgoing) && Random.Chance(permille))
            {
                replica.Retire();
                retired = true;
            }
        }

        return retired;
    }

    private bool IsSettled(IReadOnlyList<ReplicaId> voters) =>
        voters.Count == 0
        || voters.Count(id => _world.Replica((int)id.Value).StateMachine.Durable.Id.Index >= _world.LatestConfigIndex) > voters.Count / 2;

    private SimReplica? Compact()
    {
        if (_world.AnyUp() is not { IsPaused: false } replica)
        {
            return null;
        }

        replica.StateMachine.Flush();
        var applied = replica.StateMachine.Durable.Id.Index;
        var to = Random.Chance(_world.Settings.TailPermille) ? applied - Random.Below(20) : applied;
        if (to > replica.Disk.Compacted.Index)
        {
            replica.Disk.CompactTo(to);
            _world.Totals.Compactions++;
            _world.Story.Say(_world.Now, replica.Number, $"compacts to {to}, applied {applied}");
        }

        return replica;
    }

    private SimReplica? Transfer()
    {
        if (_world.Leader() is not { IsPaused: false } leader || leader.Config.Voters.IsEmpty)
        {
            return null;
        }

        // Through the leader, or through a follower that forwards the wish.
        var through = Random.Chance(800) || _world.AnyUp() is not { IsPaused: false } other ? leader : other;
        var to = Random.Pick(leader.Config.Voters);
        var result = through.Node!.TransferLeadership(to, through.LocalNow);
        _world.Totals.Transfers++;
        _world.Story.Say(_world.Now, through.Number, $"transfer to r{to}: {result}");
        if (result.IsAccepted && Random.Chance(300))
        {
            // It has told its successor to campaign and doesn't hear what comes of it.
            _world.Events.Add(_world.Now + 1, EventKind.Fault, 0, 0, Blow.Maroon);
        }

        return through;
    }

    private SimReplica? Campaign()
    {
        if (_world.AnyUp() is not { IsPaused: false } replica)
        {
            return null;
        }

        var result = replica.Node!.Campaign(replica.LocalNow);
        _world.Story.Say(_world.Now, replica.Number, $"told to campaign: {result}");
        return replica;
    }

    private SimReplica? ForgetLeader()
    {
        if (_world.AnyUp() is not { IsPaused: false } replica)
        {
            return null;
        }

        var result = replica.Node!.ForgetLeader();
        _world.Story.Say(_world.Now, replica.Number, $"told to forget its leader: {result}");
        return replica;
    }

    private SimReplica? ChangeConfiguration()
    {
        var replica = Random.Chance(900) ? _world.Leader() : _world.AnyUp();
        if (replica is not { IsPaused: false })
        {
            return null;
        }

        var change = replica.Config.IsJoint && !replica.Config.AutoLeave && Random.Chance(800)
            ? new ConfChangeV2()
            : DrawChange(replica.Config, replica.Node!.Role == RaftRole.Leader);
        if (change is null)
        {
            return null;
        }

        var result = replica.Node!.ProposeConfChange(change, replica.LocalNow);
        _world.Story.Say(_world.Now, replica.Number, $"proposes {Describe(change)}: {result}");
        if (result.Status == ProposeStatus.Accepted && change.Changes.Length > 1)
        {
            _world.OnExchangeProposed(result.Id.Index, change);
        }

        if (result.IsTaken() && Random.Chance(150))
        {
            // It may die before anybody else knows, or everybody.
            _world.Events.Add(_world.Now + Random.Below(2 * _world.Settings.DelayMax), EventKind.Fault, replica.Number, replica.Life);
        }

        return replica;
    }

    /// <summary>
    /// Draws a change from the configuration that its proposer has. One from a follower's old configuration could promote or demote a replica that is
    /// removed by the time it is appended, and so bring a number back; whoever keeps the members must not let that happen, so it doesn't here.
    /// </summary>
    private ConfChangeV2? DrawChange(ConfState config, bool isCurrent)
    {
        if (isCurrent && !config.Voters.IsEmpty && Random.Chance(200))
        {
            return DrawExchange(config);
        }

        var count = Random.Chance(600) ? 1 : Random.Between(2, 3);
        var changes = new List<ConfChangeSingle>();
        var voters = config.Voters.Length;
        var members = voters + config.Learners.Length;
        var touched = new HashSet<ReplicaId>();
        for (var i = 0; i < count; i++)
        {
            var change = DrawSingle(config, isCurrent, ref voters, ref members);
            if (change is { } drawn && touched.Add(drawn.Replica))
            {
                changes.Add(drawn);
            }
        }

        return changes.Count == 0 ? null : new ConfChangeV2
        {
            Changes = [.. changes],
            Transition = Random.Pick([ConfChangeTransition.Auto, ConfChangeTransition.Auto, ConfChangeTransition.JointImplicit, ConfChangeTransition.JointExplicit]),
        };
    }

    /// <summary>Exchanges several voters at once, all of them perhaps: the majorities of old and new may have nobody in common.</summary>
    private ConfChangeV2 DrawExchange(ConfState config)
    {
        var changes = new List<ConfChangeSingle>();
        var going = Random.Between(1, config.Voters.Length);
        var offset = Random.Below(config.Voters.Length);
        for (var i = 0; i < going; i++)
        {
            var voter = config.Voters[(offset + i) % config.Voters.Length];
            changes.Add(new ConfChangeSingle(Random.Chance(500) ? ConfChangeType.RemoveNode : ConfChangeType.AddLearnerNode, voter));
        }

        var coming = Random.Between(1, going);
        for (var i = 0; i < coming; i++)
        {
            if (i < config.Learners.Length)
            {
                changes.Add(new ConfChangeSingle(ConfChangeType.AddNode, config.Learners[i]));
            }
            else if (_world.CanAddReplica)
            {
                changes.Add(new ConfChangeSingle(ConfChangeType.AddNode, _world.AddReplica().Id));
            }
        }

        return new ConfChangeV2
        {
            Changes = [.. changes],
            Transition = Random.Pick([ConfChangeTransition.JointImplicit, ConfChangeTransition.JointImplicit, ConfChangeTransition.JointExplicit]),
        };
    }

    private ConfChangeSingle? DrawSingle(ConfState config, bool isCurrent, ref int voters, ref int members)
    {
        switch (Random.Below(6))
        {
            case 0 or 1 when isCurrent && members < SimSettings.MaxMembers && _world.CanAddReplica:
                members++;
                var asVoter = Random.Chance(500);
                voters += asVoter ? 1 : 0;
                var added = _world.AddReplica().Id;
                return new ConfChangeSingle(asVoter ? ConfChangeType.AddNode : ConfChangeType.AddLearnerNode, added);
            case 2 when isCurrent && !config.Learners.IsEmpty:
                voters++;
                return new ConfChangeSingle(ConfChangeType.AddNode, Random.Pick(config.Learners));
            case 3 when isCurrent && voters > 1 && !config.Voters.IsEmpty:
                voters--;
                return new ConfChangeSingle(ConfChangeType.AddLearnerNode, Random.Pick(config.Voters));
            case 4 when voters > 1 && !config.Voters.IsEmpty:
                voters--;
                members--;
                return new ConfChangeSingle(ConfChangeType.RemoveNode, Random.Pick(config.Voters));
            case 5 when !config.Learners.IsEmpty:
                members--;
                return new ConfChangeSingle(ConfChangeType.RemoveNode, Random.Pick(config.Learners));
            default:
                return null;
        }
    }

    private static string Describe(ConfChangeV2 change) =>
        change.Changes.IsEmpty ? "to leave the joint configuration" : $"{change.Transition} {string.Join(", ", change.Changes.Select(c => $"{c.Type} r{c.Replica}"))}";
}
