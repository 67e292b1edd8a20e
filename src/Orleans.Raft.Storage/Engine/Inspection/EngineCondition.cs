namespace Orleans.Raft.Storage.Engine;

/// <summary>What an inspection makes of a data directory; the number is the exit code of <c>samples/LogInspector -- check</c>.</summary>
public enum EngineCondition
{
    /// <summary>Everything is as it was written.</summary>
    Clean = 0,

    /// <summary>The last batch was being written when the process or the machine stopped. It was never acknowledged; the next opening cuts it.</summary>
    TornTail = 1,

    /// <summary>Something else is there than was written. The silo refuses to open the directory, or faults the replica that reads it.</summary>
    Corrupt = 2,

    /// <summary>It can't be said: no such directory, in use, written by a newer version, or the disk gives errors.</summary>
    Unreadable = 3,
}
