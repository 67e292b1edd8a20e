using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// Replicated memory of what each session's commands were answered, so that a repeated command is answered and not applied again
/// (SAFETY-RULES A3). Part of every group's state and of its snapshots; changed by entries only, so all replicas hold the same.
/// </summary>
internal sealed class SessionTable
{
    /// <summary>Sessions that a group remembers; the one unused for the most entries goes first.</summary>
    public const int MaxSessions = 1024;

    private readonly Dictionary<long, Session> _sessions = [];

    // What changed since the last batch: sessions that are new or used, sessions that are gone, answers given (null: forgotten).
    private readonly HashSet<long> _changed = [];
    private readonly Dictionary<(long Session, long Sequence), byte[]?> _changedAnswers = [];

    /// <summary>Sessions known.</summary>
    public int Count => _sessions.Count;

    /// <summary>Registers a session. Its id is the entry's index: never a name or a clock, and never used twice.</summary>
    public void Register(long index, Guid nonce, string silo)
    {
        _sessions.Add(index, new Session(nonce, silo) { LastUsed = index });
        _changed.Add(index);
        if (_sessions.Count > MaxSessions)
        {
            Drop(_sessions.MinBy(pair => (pair.Value.LastUsed, pair.Key)).Key);
        }
    }

    /// <summary>Decides what a command is: new, a repeat with its answer, or expired.</summary>
    public CommandVerdict Judge(long session, long sequence, out ReadOnlyMemory<byte> answer)
    {
        answer = default;
        if (!_sessions.TryGetValue(session, out var known) || sequence < known.LowWater)
        {
            return CommandVerdict.Expired;
        }

        if (!known.Answers.TryGetValue(sequence, out var stored))
        {
            return CommandVerdict.New;
        }

        answer = stored;
        return CommandVerdict.Repeat;
    }

    /// <summary>Remembers the answer of a new command.</summary>
    public void Answer(long session, long sequence, ReadOnlyMemory<byte> answer)
    {
        var bytes = answer.ToArray();
        _sessions[session].Answers.Add(sequence, bytes);
        _changedAnswers[(session, sequence)] = bytes;
    }

    /// <summary>Forgets answers that the session has said it no longer needs.</summary>
    public void Advance(long session, long lowWater, long index)
    {
        if (!_sessions.TryGetValue(session, out var known))
        {
            return;
        }

        known.LastUsed = index;
        _changed.Add(session);
        if (lowWater <= known.LowWater)
        {
            return;
        }

        if (lowWater - known.LowWater > known.Answers.Count)
        {
            // A jump over numbers that were never answered here: walk what is there, not what could be.
            foreach (var sequence in known.Answers.Keys.Where(sequence => sequence < lowWater).ToArray())
            {
                Forget(session, known, sequence);
            }
        }
        else
        {
            for (var sequence = known.LowWater; sequence < lowWater; sequence++)
            {
                Forget(session, known, sequence);
            }
        }

        known.LowWater = lowWater;
    }

    /// <summary>The session that registered under a nonce.</summary>
    public bool TryFind(Guid nonce, out long session)
    {
        foreach (var (id, known) in _sessions)
        {
            if (known.Nonce == nonce)
            {
                session = id;
                return true;
            }
        }

        session = 0;
        return false;
    }

    /// <summary>Puts what changed since the last call into a batch.</summary>
    public void WriteChanges(StateBatch batch)
    {
        foreach (var session in _changed)
        {
            Write(batch, session);
        }

        foreach (var ((session, sequence), answer) in _changedAnswers)
        {
            if (answer is null)
            {
                batch.Delete(StateKeys.OfAnswer(session, sequence));
            }
            else
            {
                batch.Put(StateKeys.OfAnswer(session, sequence), answer);
            }
        }

        ForgetChanges();
    }

    /// <summary>Puts everything into a batch.</summary>
    public void WriteAll(StateBatch batch)
    {
        foreach (var (session, known) in _sessions)
        {
            Write(batch, session);
            foreach (var (sequence, answer) in known.Answers)
            {
                batch.Put(StateKeys.OfAnswer(session, sequence), answer);
            }
        }
    }

    /// <summary>What changed is of no interest: the state is saved as a whole.</summary>
    public void ForgetChanges()
    {
        _changed.Clear();
        _changedAnswers.Clear();
    }

    /// <summary>Gives room back that a busy time needed.</summary>
    public void Shrink()
    {
        _changed.TrimExcess();
        _changedAnswers.TrimExcess();
        foreach (var session in _sessions.Values)
        {
            session.Answers.TrimExcess();
        }
    }

    /// <summary>Reads what is stored.</summary>
    public void Read(IStateView view)
    {
        foreach (var row in view.Scan(new[] { StateKeys.Session }, new[] { (byte)(StateKeys.Session + 1) }))
        {
            _sessions.Add(StateKeys.SessionOf(row.Key), Session.Decode(row.Value));
        }

        foreach (var row in view.Scan(new[] { StateKeys.Answer }, new[] { (byte)(StateKeys.Answer + 1) }))
        {
            _sessions[StateKeys.SessionOf(row.Key)].Answers.Add(StateKeys.SequenceOf(row.Key), row.Value);
        }
    }

    private void Write(StateBatch batch, long session)
    {
        if (_sessions.TryGetValue(session, out var known))
        {
            batch.Put(StateKeys.OfSession(session), known.Encode());
        }
        else
        {
            batch.Delete(StateKeys.OfSession(session));
        }
    }

    private void Drop(long session)
    {
        _sessions.Remove(session, out var dropped);
        _changed.Add(session);
        foreach (var sequence in dropped!.Answers.Keys)
        {
            _changedAnswers[(session, sequence)] = null;
        }
    }

    private void Forget(long session, Session known, long sequence)
    {
        if (known.Answers.Remove(sequence))
        {
            _changedAnswers[(session, sequence)] = null;
        }
    }

    private sealed class Session(Guid nonce, string silo)
    {
        public Guid Nonce { get; } = nonce;

        public string Silo { get; } = silo;

        /// <summary>Sequences below it are expired. Only rises.</summary>
        public long LowWater { get; set; } = 1;

        /// <summary>Index of the last entry that named the session.</summary>
        public long LastUsed { get; set; }

        /// <summary>Answers of applied commands at or above the low-water mark.</summary>
        public Dictionary<long, byte[]> Answers { get; } = [];

        public static Session Decode(byte[] bytes)
        {
            var value = SessionCodec.Read(bytes);
            return new Session(value.Nonce, value.Silo) { LowWater = value.LowWater, LastUsed = value.LastUsed };
        }

        public byte[] Encode() => SessionCodec.Encode(new SessionValue(Nonce, Silo, LowWater, LastUsed));
    }
}

/// <summary>What a session says about a command.</summary>
internal enum CommandVerdict : byte
{
    /// <summary>Never seen: apply it.</summary>
    New = 0,

    /// <summary>Applied before: give the stored answer.</summary>
    Repeat = 1,

    /// <summary>Below the low-water mark, or of an unknown session: refuse it, it may have been applied once.</summary>
    Expired = 2,
}
