namespace Orleans.Raft.Simulation;

/// <summary>What a run leaves out on purpose, to show that a rule matters; all false in an honest run.</summary>
internal sealed record SimSwitches
{
    /// <summary>Messages to an earlier life are delivered to the later one (SAFETY-RULES A8 without its rule), and pre-vote is off.</summary>
    public bool IgnoreLives { get; init; }

    /// <summary>Vote requests leave before the candidate's own term and vote are durable (RaftConfig.VoteRequestsWaitForDisk off).</summary>
    public bool EarlyVotes { get; init; }
}
