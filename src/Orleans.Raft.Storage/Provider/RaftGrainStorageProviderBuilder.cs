using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Providers;
using Orleans.Raft.Storage.Provider;
using Orleans.Storage;

[assembly: RegisterProvider("Raft", "GrainStorage", "Silo", typeof(RaftGrainStorageProviderBuilder))]

namespace Orleans.Raft.Storage.Provider;

/// <summary>Lets configuration alone add the provider: <c>Orleans:GrainStorage:{name}:ProviderType = Raft</c>.</summary>
internal sealed class RaftGrainStorageProviderBuilder : IProviderBuilder<ISiloBuilder>
{
    /// <inheritdoc/>
    public void Configure(ISiloBuilder builder, string? name, IConfigurationSection configurationSection)
    {
        var serializerKey = configurationSection["SerializerKey"];
        builder.AddRaftGrainStorage(name ?? ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, options =>
        {
            options.Bind(configurationSection);
            if (!string.IsNullOrEmpty(serializerKey))
            {
                options.Configure<IServiceProvider>((values, services) =>
                    values.GrainStorageSerializer = services.GetRequiredKeyedService<IGrainStorageSerializer>(serializerKey));
            }
        });
    }
}
