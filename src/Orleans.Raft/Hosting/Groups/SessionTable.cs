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

    /// <summary>Sessions known.</summary>
    public int Count => _sessions.Count;

    /// <summary>Registers a session. Its id is the entry's index: never a name or a clock, and never used twice.</summary>
    public void Register(long index, Guid nonce, string silo)
    {
        _sessions.Add(index, new Session(nonce, silo) { LastUsed = index });
        if (_sessions.Count > MaxSessions)
        {
            var oldest = _sessions.MinBy(pair => (pair.Value.LastUsed, pair.Key));
            _sessions.Remove(oldest.Key);
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

        return known.Answers.TryGetValue(sequence, out answer) ? CommandVerdict.Repeat : CommandVerdict.New;
    }

    /// <summary>Remembers the answer of a new command.</summary>
    public void Answer(long session, long sequence, ReadOnlyMemory<byte> answer) => _sessions[session].Answers.Add(sequence, answer);

    /// <summary>Forgets answers that the session has said it no longer needs.</summary>
    public void Advance(long session, long lowWater, long index)
    {
        if (!_sessions.TryGetValue(session, out var known))
        {
            return;
        }

        known.LastUsed = index;
        if (lowWater <= known.LowWater)
        {
            return;
        }

        if (lowWater - known.LowWater > known.Answers.Count)
        {
            // A jump over numbers that were never answered here: walk what is there, not what could be.
            foreach (var sequence in known.Answers.Keys.Where(sequence => sequence < lowWater).ToArray())
            {
                known.Answers.Remove(sequence);
            }
        }
        else
        {
            for (var sequence = known.LowWater; sequence < lowWater; sequence++)
            {
                known.Answers.Remove(sequence);
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

    private sealed class Session(Guid nonce, string silo)
    {
        public Guid Nonce { get; } = nonce;

        public string Silo { get; } = silo;

        /// <summary>Sequences below it are expired. Only rises.</summary>
        public long LowWater { get; set; } = 1;

        /// <summary>Index of the last entry that named the session.</summary>
        public long LastUsed { get; set; }

        /// <summary>Answers of applied commands at or above the low-water mark.</summary>
        public Dictionary<long, ReadOnlyMemory<byte>> Answers { get; } = [];
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
