using Orleans.Runtime;

namespace Orleans.Raft;

/// <summary>Root of the errors of this library: the operation was not done and will not be.</summary>
[GenerateSerializer]
[Alias("Orleans.Raft.RaftException")]
public class RaftException : OrleansException
{
    /// <summary>Creates the error.</summary>
    public RaftException(string message, Exception? innerException = null) : base(message, innerException!)
    {
    }
}

/// <summary>No replica could do it within the budget: no leader, no majority, or nobody reachable. It was not done.</summary>
[GenerateSerializer]
[Alias("Orleans.Raft.RaftUnavailableException")]
public sealed class RaftUnavailableException : RaftException
{
    /// <summary>Creates the error.</summary>
    public RaftUnavailableException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}

/// <summary>Too much is waiting already. It was not done; try later.</summary>
[GenerateSerializer]
[Alias("Orleans.Raft.RaftBusyException")]
public sealed class RaftBusyException : RaftException
{
    /// <summary>Creates the error.</summary>
    public RaftBusyException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}

/// <summary>The operation may or may not have been done, or may still be. Not a <see cref="RaftException"/>, so that nobody takes it for a failure.</summary>
[GenerateSerializer]
[Alias("Orleans.Raft.OutcomeUnknownException")]
public sealed class OutcomeUnknownException : OrleansException
{
    /// <summary>Creates the error.</summary>
    public OutcomeUnknownException(string message, Exception? innerException = null) : base(message, innerException!)
    {
    }
}
