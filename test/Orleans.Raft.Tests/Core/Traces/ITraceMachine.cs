namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>Runs the blocks of one file in order.</summary>
internal interface ITraceMachine
{
    /// <summary>What the block's command prints.</summary>
    string Run(TraceBlock block);
}
