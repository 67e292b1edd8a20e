using System.Buffers.Binary;
using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>A client's read: what it must at least see was fixed when it was asked.</summary>
internal sealed record SimRead(long Context, long Floor, long AskedAt)
{
    /// <summary>A leader has taken it, so no message can have lost it: it will be answered or refused.</summary>
    public bool IsTakenHere { get; init; }
}

/// <summary>Applying entries, and the clients that wait for that.</summary>
internal sealed partial class SimReplica
{
    /// <summary>A client's write arrives.</summary>
    public void Write(long operation, int padding)
    {
        var data = new byte[16 + padding];
        BinaryPrimitives.WriteInt64LittleEndian(data, operation);
        BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(8), ~operation);
        var result = Node!.Propose(data, LocalNow);
        _world.Story.Say(_world.Now, Number, $"client writes #{operation}: {result}");
        if (result.IsTaken())
        {
            _writes.Add(operation);
        }
    }

    /// <summary>A client's read arrives; <paramref name="floor"/> is what had been acknowledged when the client asked.</summary>
    public void Read(long floor, long askedAt)
    {
        var read = new SimRead(_nextContext++, floor, askedAt);
        _reads[read.Context] = read;
        var result = Node!.ReadIndex(read.Context, LocalNow);
        _world.Story.Say(_world.Now, Number, $"client reads {read.Context:x}, must see {floor}: {result}");
        if (!result.IsAccepted)
        {
            _reads.Remove(read.Context);
        }
        else if (!result.IsForwarded)
        {
            _reads[read.Context] = read with { IsTakenHere = true };
        }
    }

    /// <summary>When a read was asked that this replica waits for.</summary>
    public long? AskedAt(long context) => _reads.TryGetValue(context, out var read) ? read.AskedAt : null;

    /// <summary>A read that this replica has taken as leader before a time and has not answered or refused, or null.</summary>
    public SimRead? Forgotten(long before) => _reads.Values.FirstOrDefault(read => read.IsTakenHere && read.AskedAt < before);

    private void OnReadState(ReadState state)
    {
        if (!_reads.Remove(state.Context, out var read))
        {
            return;
        }

        if (state.Reason != RefusalReason.None)
        {
            _world.Story.Say(_world.Now, Number, $"can't answer read {read.Context:x}: {state.Reason}");
            return;
        }

        if (Node!.Role == RaftRole.Leader)
        {
            _world.Checker.OnReadConfirmed(this, read.AskedAt, Node.Term);
        }

        if (StateMachine.Current.Id.Index >= state.Index)
        {
            Serve(read, state.Index);
        }
        else
        {
            _confirmedReads.Add((state.Index, read));
        }
    }

    private void Serve(SimRead read, long readIndex)
    {
        _world.Story.Say(_world.Now, Number, $"answers read {read.Context:x} at index {readIndex}, applied {StateMachine.Current.Id.Index}");
        _world.Checker.OnReadServed(this, read, StateMachine.Current.Id.Index);
    }

    private void Apply(IReadOnlyList<Entry> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        foreach (var entry in entries)
        {
            // A snapshot may have been installed since these were handed out.
            if (entry.Index > StateMachine.Current.Id.Index)
            {
                Apply(entry);
            }
        }

        if (_world.Random.Chance(150))
        {
            StateMachine.Flush();
        }

        ServeConfirmedReads();
    }

    private void Apply(in Entry entry)
    {
        _world.Checker.OnApply(this, entry);
        ConfState? config = null;
        if (entry.Type != EntryType.EntryNormal)
        {
            config = Config = Node!.ApplyConfChange(NodeConfig.ConfChangeOf(entry));
            _world.Story.Say(_world.Now, Number, $"applies {entry.Id}: {config}");
            _world.OnConfigApplied(this, entry.Index, config);
            _world.Checker.AfterStep(this);
        }

        StateMachine.Apply(entry, config);
        if (config is not null)
        {
            // A replica that forgets a configuration after acting on it may need the votes of replicas that are gone.
            StateMachine.Flush();
        }

        if (entry.Type == EntryType.EntryNormal && entry.Data.Length >= 16)
        {
            var operation = BinaryPrimitives.ReadInt64LittleEndian(entry.Data.Span);
            if (_writes.Remove(operation))
            {
                _world.Story.Say(_world.Now, Number, $"acknowledges #{operation} at {entry.Id}");
                _world.Checker.OnAcknowledged(entry.Index);
                _world.OnAcknowledged(operation);
            }
        }
    }

    private void OnSnapshotInstalled(Snapshot snapshot)
    {
        Config = snapshot.ConfState;
        _world.Story.Say(_world.Now, Number, $"installed snapshot {snapshot.Id}: {snapshot.ConfState}");
        _world.OnSnapshotInstalled();
        ServeConfirmedReads();
    }

    private void ServeConfirmedReads()
    {
        for (var i = _confirmedReads.Count - 1; i >= 0; i--)
        {
            var (index, read) = _confirmedReads[i];
            if (index <= StateMachine.Current.Id.Index)
            {
                _confirmedReads.RemoveAt(i);
                Serve(read, index);
            }
        }
    }
}
