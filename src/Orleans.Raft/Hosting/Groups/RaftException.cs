using Orleans.Runtime;

namespace Orleans.Raft;

/// <summary>Root of the errors of this library: the operation was not done and will not be.</summary>
[GenerateSerializer]
public class RaftException : OrleansException
{
    /// <summary>Creates the error.</summary>
    public RaftException(string message, Exception? innerException = null) : base(message, innerException!)
    {
    }
}

/// <summary>The operation may or may not have been done, or may still be. Not a <see cref="RaftException"/>, so that nobody takes it for a failure.</summary>
[GenerateSerializer]
public sealed class OutcomeUnknownException : OrleansException
{
    /// <summary>Creates the error.</summary>
    public OutcomeUnknownException(string message, Exception? innerException = null) : base(message, innerException!)
    {
    }
}
