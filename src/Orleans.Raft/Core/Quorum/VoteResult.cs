using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>State of an election.</summary>
[Experimental("ORLEANSRAFT001")]
public enum VoteResult
{
    /// <summary>Undecided: missing votes can still win or lose it.</summary>
    Pending = 1,

    /// <summary>A quorum will not vote for it.</summary>
    Lost,

    /// <summary>A quorum has voted for it.</summary>
    Won,
}
