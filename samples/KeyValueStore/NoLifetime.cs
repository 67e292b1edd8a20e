namespace KeyValueStore;

/// <summary>The program itself listens to signals and stops its hosts in order; a host of its own mind would stop all at once.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
