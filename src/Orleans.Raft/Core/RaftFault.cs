using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Orleans.Raft.Core;

/// <summary>Why a replica stopped for good, with what it was doing. The host keeps it, shows it, and never retries.</summary>
/// <param name="Message">The broken invariant or the failed read, in words.</param>
/// <param name="State">The node's state when it happened, as <see cref="RaftNode.Describe"/> prints it.</param>
/// <param name="LastInputs">The last inputs, oldest first; the last one is the one that broke it.</param>
[Experimental("ORLEANSRAFT001")]
public sealed record RaftFault(string Message, string State, IReadOnlyList<string> LastInputs)
{
    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder(Message).Append('\n').Append(State).Append("\nlast inputs, oldest first:");
        foreach (var input in LastInputs)
        {
            text.Append("\n  ").Append(input);
        }

        return text.ToString();
    }
}
