using Orleans.Runtime;

namespace Orleans.Raft.Benchmarks.Provider;

/// <summary>A grain that writes its state when asked; the three implementations differ in nothing but where the state goes.</summary>
internal interface IStateGrain : IGrainWithIntegerKey
{
    Task WriteAsync();

    Task ReadAsync();
}

/// <summary>256 bytes of payload and a counter, so that each write differs.</summary>
[GenerateSerializer]
internal sealed class BenchmarkState
{
    [Id(0)]
    public long Count { get; set; }

    [Id(1)]
    public byte[] Payload { get; set; } = new byte[256];
}

internal abstract class StateGrain(IPersistentState<BenchmarkState> state) : Grain, IStateGrain
{
    public Task WriteAsync()
    {
        state.State.Count++;
        return state.WriteStateAsync();
    }

    public Task ReadAsync() => state.ReadStateAsync();
}

/// <summary>State in Orleans' memory provider: in grains of the cluster, gone with their silo.</summary>
[GrainType("memory-state")]
internal sealed class MemoryStateGrain([PersistentState("state", "memory")] IPersistentState<BenchmarkState> state) : StateGrain(state);

/// <summary>State in Raft groups.</summary>
[GrainType("raft-state")]
internal sealed class RaftStateGrain([PersistentState("state", "raft")] IPersistentState<BenchmarkState> state) : StateGrain(state);

/// <summary>No state at all: what the grain call itself costs.</summary>
[GrainType("no-state")]
internal sealed class StatelessGrain : Grain, IStateGrain
{
    public Task WriteAsync() => Task.CompletedTask;

    public Task ReadAsync() => Task.CompletedTask;
}
