using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>The Ready loop, in both storage modes.</summary>
internal sealed partial class SimReplica
{
    /// <summary>Takes all work that the node has, and then what waited for a write. Called after every event, as hosting does after every burst.</summary>
    public void Drain()
    {
        while (Node is { } node && _work is null)
        {
            if (node.HasReady)
            {
                Take(node.Ready());
            }
            else if (_waitingForWrite.TryDequeue(out var envelope))
            {
                Receive(envelope);
                _world.Checker.AfterStep(this);
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>The oldest write under way is durable.</summary>
    public void OnDiskDone()
    {
        if (Disk.StalledUntil > _world.Now)
        {
            _world.Events.Add(Disk.StalledUntil, EventKind.DiskDone, Number, Life);
            return;
        }

        var batch = Disk.Complete();
        if (Disk.PendingCount > 0)
        {
            ScheduleDisk();
        }

        _world.Story.Say(_world.Now, Number, $"durable: {batch}");
        _world.Checker.OnDurable(this, batch);
        if (batch.Snapshot is { } snapshot)
        {
            OnSnapshotInstalled(snapshot);
        }

        Release(batch.Responses);
        if (batch.Work is { } work)
        {
            FinishSync(work);
        }
    }

    /// <summary>The oldest batch handed to the apply thread is applied.</summary>
    public void OnApplyDone()
    {
        var message = _applying.Dequeue();
        if (_applying.Count > 0)
        {
            ScheduleApply();
        }

        Apply(message.Entries);
        foreach (var response in message.Responses)
        {
            Deliver(response);
        }
    }

    private void Take(Ready ready)
    {
        if (_world.Settings.AsyncStorageWrites)
        {
            TakeAsync(ready);
            _world.Checker.AfterReady(this);
        }
        else
        {
            TakeSync(ready);
        }
    }

    private void TakeAsync(Ready ready)
    {
        foreach (var state in ready.ReadStates)
        {
            OnReadState(state);
        }

        foreach (var message in ready.Messages)
        {
            if (message.To == ReplicaId.AppendThread)
            {
                HandToDisk(new DiskBatch
                {
                    Entries = message.Entries,
                    HardState = message.Term == 0 ? null : new HardState(message.Term, message.Vote, message.Commit),
                    Snapshot = message.Snapshot,
                    MustSync = ready.MustSync,
                    Responses = Address(message.Responses),
                });
            }
            else if (message.To == ReplicaId.ApplyThread)
            {
                _applying.Enqueue(message);
                if (_applying.Count == 1)
                {
                    ScheduleApply();
                }
            }
            else
            {
                Send(Address(message));
            }
        }
    }

    private void TakeSync(Ready ready)
    {
        // The Ready is a view that the next verb may change, so everything that waits is copied.
        var early = ready.Messages.Where(m => _world.Settings.SendBeforeWrite && m.MayLeaveEarly()).Select(Address).ToList();
        var late = ready.Messages.Where(m => !(_world.Settings.SendBeforeWrite && m.MayLeaveEarly())).Select(Address).ToList();
        var work = new SyncWork(ready, late, [.. ready.CommittedEntries], [.. ready.ReadStates]);
        var batch = new DiskBatch
        {
            Entries = [.. ready.Entries],
            HardState = ready.HardState,
            Snapshot = ready.Snapshot,
            MustSync = ready.MustSync,
            Work = work,
        };
        early.ForEach(Send);
        _work = work;
        var isWrite = batch.Entries.Count > 0 || batch.HardState is not null || batch.Snapshot is not null;
        if (isWrite)
        {
            HandToDisk(batch);
        }

        _world.Checker.AfterReady(this);
        if (!isWrite)
        {
            FinishSync(work);
        }
    }

    private void FinishSync(SyncWork work)
    {
        Release(work.Messages);
        Apply(work.Committed);
        foreach (var state in work.ReadStates)
        {
            OnReadState(state);
        }

        Node!.Advance(work.Ready);
        _work = null;
        _world.Checker.AfterStep(this);
    }

    private void HandToDisk(DiskBatch batch)
    {
        _world.Checker.OnHanded(this, batch);
        Disk.Enqueue(batch);
        if (Disk.PendingCount == 1)
        {
            ScheduleDisk();
        }
    }

    private void ScheduleDisk()
    {
        var at = Math.Max(_world.Now, Disk.StalledUntil) + 20 + _world.Random.Below(_world.IsHealed ? 200 : _world.Settings.DiskMax);
        _world.Events.Add(at, EventKind.DiskDone, Number, Life);
    }

    private void ScheduleApply()
    {
        var delay = 10 + _world.Random.Below(_world.IsHealed ? 100 : _world.Settings.ApplyMax);
        _world.Events.Add(_world.Now + delay, EventKind.ApplyDone, Number, Life);
    }

    private List<Envelope> Address(IReadOnlyList<Message> messages)
    {
        var addressed = new List<Envelope>(messages.Count);
        foreach (var message in messages)
        {
            addressed.Add(Address(message));
        }

        return addressed;
    }

    /// <summary>Writes the address: the life of the addressee that this replica knows now, not the one it will have when the message leaves.</summary>
    private Envelope Address(Message message)
    {
        var to = (int)message.To.Value;
        var life = to == Number ? Life : (int)_knownLives[to];
        if (life == 0)
        {
            // The first message of a lane shakes hands: it learns who answers there.
            life = _world.LifeOf(to);
            _knownLives[to] = life;
        }

        return new Envelope(message, Number, to, Life, life, _world.Now);
    }

    private void Release(IReadOnlyList<Envelope> envelopes)
    {
        foreach (var envelope in envelopes)
        {
            if (envelope.To == Number)
            {
                _world.Checker.OnRelease(this, envelope.Message!);
                Deliver(envelope.Message!);
            }
            else
            {
                Send(envelope);
            }
        }
    }

    /// <summary>Gives the node an answer of its own threads, and looks at what it made of it before the next one.</summary>
    private void Deliver(Message message)
    {
        Node!.Step(message, LocalNow);
        _world.Checker.AfterStep(this);
    }

    private void Send(Envelope envelope)
    {
        var message = envelope.Message!;
        _world.Checker.OnRelease(this, message);
        _world.OnSent(this, message);
        var arrives = _world.Network.Send(envelope with { SentAt = _world.Now });
        if (!arrives)
        {
            _world.Story.Say(_world.Now, Number, $"loses {message}");
        }

        if (message.Type == MessageType.MsgSnap)
        {
            Report(new LaneReport(message.To, IsSnapshot: true, arrives));
        }
        else if (!arrives && _world.Random.Chance(100))
        {
            Report(new LaneReport(message.To, IsSnapshot: false, Succeeded: false));
        }
    }

    private void Report(LaneReport report) =>
        _world.Events.Add(_world.Now + _world.Random.Between(SimSettings.Tick / 10, SimSettings.Tick * 2), EventKind.LaneReport, Number, Life, report);
}
