namespace Orleans.Raft.Wire;

/// <summary>
/// Bytes are not what the schema says. The only exception that reading untrusted bytes throws; the message names the
/// value that was read, the offset within it, what was expected and what was found.
/// </summary>
internal sealed class WireFormatException : Exception
{
    /// <summary>Creates the error.</summary>
    public WireFormatException(string message) : base(message)
    {
    }
}
