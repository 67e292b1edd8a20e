namespace Orleans.Raft.Cluster.Tests.Stop;

public interface IFarewellGrain : IGrainWithStringKey
{
    /// <summary>What the grain's last life wrote as it ended.</summary>
    Task<string> GetAsync();
}

[GenerateSerializer]
public sealed class Farewell
{
    [Id(0)]
    public string Text { get; set; } = "";
}

/// <summary>Writes its state when it is deactivated, as grains that gather changes do.</summary>
public sealed class FarewellGrain([PersistentState("farewell")] IPersistentState<Farewell> state) : Grain, IFarewellGrain
{
    public Task<string> GetAsync() => Task.FromResult(state.State.Text);

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        state.State.Text = $"{this.GetPrimaryKeyString()} said goodbye";
        await state.WriteStateAsync();
    }
}
