namespace Orleans.Raft;

/// <summary>Root of the errors of this library. The operation was not done and will not be, unless it is an <see cref="OutcomeUnknownException"/>.</summary>
public class RaftException : Exception
{
    /// <summary>Creates the error.</summary>
    public RaftException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}
